"""The command line as a person uses it: a process, its exit code, what is on stdout and what on stderr."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest

from sightline import cli, recipes
from sightline.cli import main
from sightline.cli.app import COMMANDS


def sightline(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sightline", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


@pytest.fixture
def fails(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """`fails(code, *arguments)`: run what must fail with `code`; returns its error, which must be plain."""

    def run(code: int, *arguments: str | Path) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        out, error = capsys.readouterr()
        assert caught.value.code == code, error
        assert "Traceback" not in error
        assert out == ""
        assert len(error.splitlines()) <= 3, error
        return error

    return run


def test_every_file_is_a_command_and_its_line_is_its_docstrings() -> None:
    files = {path.stem for path in Path(cli.__file__).parent.glob("*.py")} - {"__init__", "app", "printing"}
    assert files == set(COMMANDS)
    for name, line in COMMANDS.items():
        function = getattr(import_module(f"sightline.cli.{name}"), name)
        assert inspect.cleandoc(function.__doc__).splitlines()[0] == line


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_complete(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code in (0, None)
    assert ("--json" in capsys.readouterr().out) != (command == "serve")


def test_the_whole_story(scenes: Path, tmp_path: Path) -> None:
    """Train, evaluate, predict, with files the run never saw, as the README tells it."""
    from sightline.scenes.write import write_scenes

    write_scenes(tmp_path / "new", per_class=4, size=64, seed=9)
    trained = sightline(
        "train", scenes, "--recipe", "demo-scratch", "--epochs", "2", "--img-size", "48",
        "--set", "robustness_seconds=0",
        "--out", "run", "--json", cwd=tmp_path,
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    figures = json.loads(trained.stdout)
    stored = json.loads((tmp_path / "run" / "evaluation.json").read_text())
    assert {key: figures[key] for key in stored} == stored
    assert "scratch 2/2" in trained.stderr

    own = sightline("evaluate", "run", "--json", cwd=tmp_path)
    assert list(json.loads(own.stdout)) == list(stored)
    other = sightline("evaluate", "run", "new", cwd=tmp_path)
    assert other.returncode == 0, other.stderr
    assert "on 24 photos" in other.stdout

    (tmp_path / "new" / "sea" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    predicted = sightline("predict", "run", "new", "--out", "p.csv", cwd=tmp_path)
    assert predicted.returncode == 0, predicted.stderr
    table = pd.read_csv(tmp_path / "p.csv")
    assert len(table) == 25
    assert table["error"].notna().sum() == 1
    assert "1 of 25 files could not be read" in predicted.stderr
    piped = sightline("predict", "run", "new", "--json", cwd=tmp_path)
    assert len(json.loads(piped.stdout)["predictions"]) == 25

    # The same through Python, the same numbers.
    import sightline as library

    again = library.load(tmp_path / "run").predict([tmp_path / path for path in table["path"]])
    assert (again["confidence"] - table["confidence"]).abs().max() < 1e-4

    resumed = sightline("train", "--resume", "run", cwd=tmp_path)
    assert resumed.returncode == 0
    assert "nothing is left to do" in resumed.stderr
    late = sightline("train", "--resume", "run", "--epochs", "9", cwd=tmp_path)
    assert (late.returncode, late.stderr.count("\n")) == (2, 2)
    assert "--epochs: run is complete" in late.stderr


def test_wrong_usage_exits_with_2(fails: Callable[..., str], tmp_path: Path, scenes: Path) -> None:
    assert "nosuch" in fails(2, "nosuch")
    assert "--epochs" in fails(2, "train", scenes, "--epochs", "many")
    assert "--scratch" in fails(2, "train", scenes, "--scratch", "--weights", tmp_path)
    assert "--recipe nosuch" in fails(2, "train", scenes, "--recipe", "nosuch")
    assert "resnet34" in fails(2, "train", scenes, "--model", "resnet_34", "--scratch")
    assert "--time-limit" in fails(2, "train", scenes, "--time-limit", "soon")
    assert "--folds" in fails(2, "train", scenes, "--ensemble")
    assert "No DATA" in fails(2, "train")
    assert "--lr" in fails(2, "train", "--resume", tmp_path, "--lr", "3")
    assert "config.yaml" in fails(2, "train", "--resume", tmp_path)
    assert "is not a run" in fails(2, "evaluate", tmp_path)
    assert "No PATH" in fails(2, "predict", tmp_path)
    assert ".parquet" in fails(2, "predict", tmp_path, scenes, "--out", "p.xlsx")


def test_what_was_mistyped_is_named_with_what_was_meant(fails: Callable[..., str]) -> None:
    assert fails(2, "trian", "photos") == (
        'sightline: Unknown command "trian". Did you mean "train"? See sightline --help.\n'
    )
    assert fails(2, "explore") == "sightline: DATA is missing. See sightline explore --help.\n"
    assert fails(2, "explore", "a", "--out") == (
        'sightline: Command "explore" parameter --out requires an argument. See sightline explore --help.\n'
    )
    assert "Did you mean probe?" in fails(2, "recipes", "prob")


def test_failed_work_exits_with_1(fails: Callable[..., str], tmp_path: Path, scenes: Path) -> None:
    assert "no such" in fails(1, "train", tmp_path / "absent", "--scratch", "--model", "resnet18").lower()
    (tmp_path / "flat").mkdir()
    photo = next((scenes / "sea").iterdir()).read_bytes()
    (tmp_path / "flat" / "a.jpg").write_bytes(photo)
    assert "flat" in fails(1, "explore", tmp_path / "flat")
    assert "--weights" in fails(1, "train", scenes, "--model", "resnet18")


def test_debug_shows_where(tmp_path: Path) -> None:
    done = sightline("evaluate", tmp_path, "--debug")
    assert done.returncode == 2
    assert "Traceback" in done.stderr


def test_lists() -> None:
    assert set(json.loads(sightline("recipes", "--json").stdout)) == set(recipes.names())
    assert sightline("recipes", "probe").stdout == recipes.text("probe")
    assert "resnet9_lean" in json.loads(sightline("models", "--all", "--json").stdout)["own"]
    described = json.loads(sightline("models", "resnet18", "--img-size", "64", "--train", "head", "--json").stdout)
    assert described["totals"]["trainable"] == 513_000
    assert "intel-scenes" in json.loads(sightline("datasets", "--json").stdout)
    assert "licence" in sightline("datasets", "flowers").stdout.lower()


def test_the_cache_is_seen_and_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path))
    (tmp_path / "pixels").mkdir()
    (tmp_path / "pixels" / "a.npy").write_bytes(b"x" * 5000)
    assert json.loads(sightline("cache", "--json").stdout)["bytes"]["pixels"] >= 5000
    assert sightline("cache", "--clear").returncode == 0
    assert not (tmp_path / "pixels" / "a.npy").exists()


def test_explore_writes_its_page(scenes: Path, tmp_path: Path) -> None:
    done = sightline("explore", scenes, "--out", tmp_path / "look", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads((tmp_path / "look" / "explore.json").read_text())
    assert (tmp_path / "look" / "explore.html").stat().st_size > 10_000


def test_a_reader_that_has_enough_is_no_error(run_path: Path, scenes: Path) -> None:
    command = f"{sys.executable} -m sightline models --all | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("how", "phases"),
    [
        pytest.param((), ["probe 1/1", "tune 1/1"], marks=pytest.mark.prove),  # from the wheel: tests/test_wheel.py
        (("--scratch",), ["scratch 1/1"]),
    ],
)
def test_the_demo_run_is_shown_again(how: tuple[str, ...], phases: list[str], tmp_path: Path) -> None:
    environment = {**os.environ, "SIGHTLINE_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "sightline", "demo", *how, "--per-class", "12", "--epochs", "1"]
    command += ["--out", "d", "--json"]
    first, again = (
        subprocess.run(typed, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
        for typed in (command, [word for word in command if word not in ("--per-class", "12", "--epochs", "1")])
    )
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout) == json.loads(again.stdout)
    assert all(phase in first.stderr for phase in phases)
    assert again.stderr == ""


def test_a_learning_rate_is_suggested(scenes: Path, tmp_path: Path) -> None:
    found = sightline(
        "lr", scenes, "--recipe", "demo-scratch", "--img-size", "64", "--steps", "20", "--json", cwd=tmp_path
    )  # fmt: skip
    assert 1e-6 < json.loads(found.stdout)["suggestion"] < 1
    assert (tmp_path / "lr" / "lr.svg").is_file()


def test_what_belongs_to_ray_is_said_so(fails: Callable[..., str], tmp_path: Path) -> None:
    assert "--ray-address: goes with --on ray" in fails(2, "predict", tmp_path, "a.jpg", "--ray-address", "auto")
    assert "--workers: goes with --on ray" in fails(2, "predict", tmp_path, "a.jpg", "--workers", "2")
    assert "give one source, not 2" in fails(2, "predict", tmp_path, "a", "b", "--on", "ray", "--out", tmp_path)
    assert "say with --out DIR" in fails(2, "predict", tmp_path, "a", "--on", "ray")
    assert "holds no trained model" in fails(2, "predict", tmp_path, "a", "--on", "ray", "--out", tmp_path / "o")
