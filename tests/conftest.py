"""What many tests need: a cache of their own, drawn photos, and one small run that was really trained."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

# A shared machine is sometimes slow; slowness is what benchmarks measure, not tests.
CALM = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
# `make test` sees the same examples every time, so that it fails for a change and for nothing else. `make prove`
# searches at random, from a seed that it prints.
settings.register_profile("same", derandomize=True, database=None, **CALM)
settings.register_profile("search", print_blob=True, **CALM)
settings.load_profile(EXAMPLES := os.environ.get("EXAMPLES", "same"))

os.environ.setdefault("HF_HUB_OFFLINE", "1")
# Playwright leaves an event loop in the process, in which Django would refuse its database to every later test.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

SHARED = Path(__file__).parents[2] / "shared"

# The least that trains: a few steps of the small network from random weights.
QUICK = {"recipe": "demo-scratch", "epochs": 3, "img_size": 48, "set": ("robustness_seconds=0",), "seed": 1}


def pytest_report_header(config: pytest.Config) -> str:
    """Say which examples are tried, and what repeats a random search."""
    if EXAMPLES != "search":
        return "examples: the same as every time"
    return f"examples: a random search; again with make prove SEED={config.getoption('--hypothesis-seed')}"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests marked `gpu` run wherever there is an accelerator."""
    if item.get_closest_marker("gpu") and accelerator() is None:
        pytest.skip("no accelerator here (neither CUDA nor MPS)")


def accelerator() -> str | None:
    """The name of this machine's accelerator for torch, if it has one."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else None


@pytest.fixture(scope="session")
def device() -> str:
    """The accelerator, for tests marked `gpu`."""
    found = accelerator()
    assert found is not None, "a test that asks for `device` is marked gpu"
    return found


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all processes of this test session."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session", autouse=True)
def own_cache(shared_folder: Path) -> Iterator[Path]:
    """Tests never touch the user's cache."""
    before = os.environ.get("SIGHTLINE_CACHE")
    os.environ["SIGHTLINE_CACHE"] = str(shared_folder / "cache")
    yield shared_folder / "cache"
    if before is None:
        del os.environ["SIGHTLINE_CACHE"]
    else:
        os.environ["SIGHTLINE_CACHE"] = before


@pytest.fixture(scope="session")
def once(shared_folder: Path) -> Callable[[str, Callable[[Path], object]], Path]:
    """`once(name, make)`: a folder that `make(folder)` filled, the first time that any process asks."""

    def get(name: str, make: Callable[[Path], object]) -> Path:
        folder = shared_folder / name
        with FileLock(shared_folder / f"{name}.lock"):
            if not (done := shared_folder / f"{name}.done").exists():
                make(folder)
                done.touch()
        return folder

    return get


@pytest.fixture(scope="session")
def scenes(once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """30 drawn photos of each of the six scenes, class/NNNN.jpg, 64 pixels. Look, do not touch."""
    from sightline.scenes.write import write_scenes

    return once("scenes", lambda folder: write_scenes(folder, per_class=30, size=64))


@pytest.fixture(scope="session")
def quick() -> dict:
    """The options of the runs that tests train."""
    return QUICK


@pytest.fixture(scope="session")
def run_path(once: Callable[[str, Callable[[Path], object]], Path], scenes: Path) -> Path:
    """A complete run on `scenes`. Look, do not touch."""
    import sightline

    return once("runs", lambda folder: sightline.train(scenes, out=folder / "quick", **QUICK)) / "quick"


@pytest.fixture(scope="session")
def real_photos() -> Path:
    """The 6,000 real photos, where they are at hand."""
    path = SHARED / "data" / "intel-scenes"
    if not path.is_dir():
        pytest.skip("the real photos are not at hand")
    return path


@pytest.fixture(scope="session")
def real_weights() -> Path:
    """A real pretrained backbone as a timm local folder, where it is at hand."""
    path = SHARED / "weights" / "mobilenetv2_in1k"
    if not path.is_dir():
        pytest.skip("the pretrained weights are not at hand")
    return path
