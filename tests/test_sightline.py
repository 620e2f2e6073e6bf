"""`import sightline`: all that it offers, at no cost before it is used."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import sightline

FUNCTIONS = ["audit", "compare", "evaluate", "explain", "explore", "export", "load", "predict", "train", "write_scenes"]
CLASSES = ["Evaluation", "Faults", "Predictor", "Run", "SightlineError"]
LOADED = "import sys; old = set(sys.modules); import sightline, json; print(json.dumps(sorted(set(sys.modules) - old)))"


@pytest.mark.parametrize("name", FUNCTIONS + CLASSES)
def test_each_name_is_there_and_told_about(name: str) -> None:
    found = getattr(sightline, name)
    assert name in dir(sightline)
    assert (inspect.isfunction if name in FUNCTIONS else inspect.isclass)(found)
    assert found.__doc__
    if name in FUNCTIONS:
        parameters = inspect.signature(found).parameters.values()
        assert all(parameter.annotation is not inspect.Parameter.empty for parameter in parameters)


def test_dir_and_all_name_the_same_and_nothing_else() -> None:
    assert set(dir(sightline)) == set(sightline.__all__) == {*FUNCTIONS, *CLASSES, "__version__"}


def test_a_name_that_is_not_offered_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nosuch"):
        _ = sightline.nosuch


def test_importing_loads_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    packages = {name.partition(".")[0] for name in found}
    assert not packages & {"torch", "numpy", "pandas", "PIL", "pydantic", "rich", "timm"}
    ours = [name for name in found if name.startswith("sightline")]
    assert ours == ["sightline", "sightline.errors", "sightline.version"]
    assert len(found) < 60


def test_functions_stay_functions_when_every_room_was_imported() -> None:
    """No room bears the name of a function: importing it would put the room in the function's place."""
    package = Path(sightline.__file__).parent
    rooms = {path.stem for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert not rooms & {*FUNCTIONS, *CLASSES}
    for name in sorted(rooms - {"__init__", "__main__", "web"}):
        import_module(f"sightline.{name}")
    for name in FUNCTIONS:
        assert inspect.isfunction(getattr(sightline, name))
