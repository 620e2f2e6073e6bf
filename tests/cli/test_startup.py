"""A command loads what it uses and no more: counted in modules, since seconds depend on the machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"numpy", "pandas", "torch", "torchvision", "timm", "scipy", "PIL", "sklearn", "pydantic", "django", "pyarrow"}

ASKING = """
import json, sys
from sightline.cli import main
try:
    main(sys.argv[1:-1])
except SystemExit as ended:
    assert (ended.code or 0) == int(sys.argv.pop()), ended.code
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def loaded(*arguments: str | Path, code: int = 0) -> set[str]:
    """The modules that one command loads, which ends with `code`."""
    command = [sys.executable, "-c", ASKING, *map(str, arguments), str(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


def packages(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["train", "--help"], ["predict", "--help"]])
def test_help_loads_no_heavy_library(arguments: list[str]) -> None:
    found = loaded(*arguments)
    assert not packages(found) & HEAVY
    assert len([name for name in found if name.startswith("sightline.")]) <= 8
    assert len(found) < 600


def test_help_of_all_commands_loads_none_of_them() -> None:
    assert {name for name in loaded("--help") if name.startswith("sightline.cli.")} == {"sightline.cli.app"}


@pytest.mark.parametrize("command", ["recipes", "cache", "models", "datasets"])
def test_small_commands_load_no_network(command: str) -> None:
    assert not packages(loaded(command)) & {"torch", "timm", "torchvision", "scipy", "sklearn", "django"}


COMPILER = {"torch._dynamo", "torch._inductor", "sympy", "torch.distributed.fsdp"}


def test_predict_loads_what_answers_and_no_judge(run_path: Path, scenes: Path) -> None:
    """timm itself loads torchvision; nothing of ours asks for more than torch, timm and pandas."""
    found = loaded("predict", run_path, next((scenes / "sea").iterdir()))
    assert {"torch", "timm", "pandas"} <= packages(found)
    assert not packages(found) & {"sklearn", "cleanlab", "matplotlib", "captum", "usearch", "jinja2", "django", "onnx"}
    assert not {"scipy.special", "scipy.stats", "scipy.optimize", "scipy.sparse", "scipy.ndimage"} & found
    assert not {
        name for name in found if name.startswith(("sightline.judging", "sightline.report", "sightline.training"))
    }
    assert not COMPILER & found
    assert len(found) < 2700


@pytest.mark.parametrize("name", ["resnet18", "plain_cnn"])
def test_the_layers_of_a_network_load_no_compiler_and_no_tables(name: str) -> None:
    found = loaded("models", name)
    assert not COMPILER & found
    assert not packages(found) & {"pandas", "scipy", "sklearn", "PIL._avif", "django"}
    assert len(found) < 2500


@pytest.mark.parametrize(
    "wrong", [["--set", "augment=lite"], ["--set", "augmnt=light"], ["--epochs", "-1"], ["--recipe", "nosuch"]]
)
def test_a_wrong_value_is_refused_before_any_network_library_is_loaded(wrong: list[str], scenes: Path) -> None:
    found = loaded("train", scenes, *wrong, code=2)
    assert not packages(found) & {"torch", "timm", "numpy", "pandas"}
