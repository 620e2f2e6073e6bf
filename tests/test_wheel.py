"""What users install is whole: the wheel holds every file, and the demo runs from it where nothing else of ours is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")


def run(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dist(once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """A folder with the sdist, and the wheel built from it."""
    if UV is None:
        pytest.skip("uv, which `make setup` installs, is not at hand")

    def build(folder: Path) -> None:
        run(UV, "build", "--offline", "--no-build-isolation", "--python", sys.executable, "--out-dir", folder)

    return once("dist", build)


@pytest.fixture(scope="module")
def files() -> set[str]:
    """Every file of the package that git knows or would take."""
    try:
        listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "src/sightline")
    except (AssertionError, OSError):
        pytest.skip("not in a git checkout")
    return {path.removeprefix("src/") for path in listed.splitlines() if (ROOT / path).is_file()}


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(dist: Path, files: set[str]) -> None:
    (wheel,) = dist.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name for name in names if ".dist-info/" not in name} == files
    assert {"LICENSE", "NOTICE"} <= {Path(name).name for name in names if ".dist-info/licenses/" in name}


def test_the_sdist_holds_source_licence_and_history_but_no_tests(dist: Path, files: set[str]) -> None:
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
    assert {f"src/{name}" for name in files} <= names
    assert {"LICENSE", "NOTICE", "README.md", "CHANGELOG.md", "CITATION.cff", "pyproject.toml"} <= names
    assert not any(name.startswith(("tests/", "docs/", "benchmarks/", "runs/")) for name in names)


def test_the_demo_runs_from_the_wheel_alone(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    shared = sysconfig.get_paths()["purelib"]
    tiny = ("--per-class", "12", "--epochs", "1", "--json")
    printed = run(ROOT / "scripts" / "try-wheel", wheel, *tiny, SHARE=shared, UV=str(UV), PYTHON=sys.executable)
    assert 0 <= json.loads(printed)["accuracy"] <= 1
