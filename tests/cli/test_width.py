"""Every command at 80 columns and in a pipe: no line too wide, no word or interval broken, no figure cut.

The commands and what they take are found in the parser, so that a new one is walked too.
"""

from __future__ import annotations

import inspect
import re
import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from sightline.cli import main
from sightline.cli.app import COMMANDS

WIDTH = 80
MODES = ("terminal", "pipe")
SMALL = ("--recipe", "demo-scratch", "--epochs", "1", "--img-size", "48", "--set", "robustness_seconds=0")

# What keeps the work of a command small.
LEAST = {
    "train": SMALL,
    "demo": ("--out", "RUN"),  # one that is there is shown again
    "lr": ("--recipe", "demo-scratch", "--img-size", "48", "--steps", "12"),
    "audit": ("--img-size", "48"),
}
# Further ways of calling those that list things, each of which prints something else.
MORE = {
    "models": [["resnet1*"], ["plain_cnn"], ["resnet18", "--img-size", "64", "--train", "last:50%"], ["--all"]],
    "recipes": [["probe"]],
    "datasets": [["intel-scenes"]],
    "cache": [["--engines"]],
    "evaluate": [["RUN", "PHOTOS"]],
    "train": [["--resume", "RUN"]],
    "compare": [["RUN", "OTHER", "LONG", "--out", "OUT"]],
}
TAKES_LONG = {"audit", "export", "lr", "train"}  # and in a pipe says the same, whole
STAYS_OPEN = {"serve"}  # has nothing to print before it is stopped: its lines are in tests/web/test_serve.py


@pytest.fixture(scope="module")
def things(run_path: Path, scenes: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What stands for the parameters of a command, by their names."""
    place = tmp_path_factory.mktemp("walk")
    other, long = place / "other", place / "2026-11-21-101010-intel-scenes-mobilenetv2_100"
    for copy in (other, long):
        shutil.copytree(run_path, copy)
    photos = [str(path) for path in sorted((scenes / "sea").iterdir())[:2]]
    return {
        "data": [str(scenes)],
        "run": [str(other)],
        "runs": [str(other), str(long)],
        "paths": photos,
        "images": photos,
        "RUN": [str(other)],
        "OTHER": [str(run_path)],
        "LONG": [str(long)],
        "PHOTOS": [str(scenes)],
    }


def function(command: str) -> Callable[..., object]:
    return getattr(import_module(f"sightline.cli.{command}"), command)


def first_call(command: str, things: dict[str, list[str]], out: Path) -> list[str]:
    """A call with everything that the command must be given, and a folder of its own for what it writes."""
    words: list[str] = []
    parameters = inspect.signature(function(command)).parameters
    for name, parameter in parameters.items():
        several = parameter.kind is parameter.VAR_POSITIONAL
        if several or (parameter.default is parameter.empty and parameter.kind is not parameter.KEYWORD_ONLY):
            assert name in things, f"{command}: say in this test what stands for {name}"
            words += things[name]
    if command == "train":
        words += things["data"]
    words += [each for word in LEAST.get(command, ()) for each in things.get(word, [word])]
    if "out" in parameters and command not in ("demo", "predict", "compare"):
        words += ["--out", str(out)]
    return words


def calls() -> list[tuple[str, list[str] | None]]:
    """Each command's own call (None), and the further ones."""
    listed = [name for name in COMMANDS if name not in STAYS_OPEN]
    return [(name, words) for name in listed for words in (None, *MORE.get(name, []))]


@pytest.fixture
def say(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[str, list[str]], list[str]]:
    """`say(mode, words)`: the lines that a command prints, to stdout and stderr."""

    def run(mode: str, words: list[str]) -> list[str]:
        environment = {"COLUMNS": str(WIDTH), "NO_COLOR": "1", "TTY_COMPATIBLE": "1" if mode == "terminal" else "0"}
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(words)
        out, err = capfd.readouterr()
        assert ended.value.code == 0, err
        # A live bar draws over itself: each of its pictures is a line.
        return re.split(r"[\r\n]+", re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", out + err))

    return run


def check(mode: str, lines: list[str]) -> None:
    paths = re.compile(r"\S*/\S*")  # one that is longer than the terminal stays in one piece, to be copied
    broken = re.compile(r"\d–$|^\s*–\d|\([\d.,]+$|[a-z]-$")
    for before, line in zip(["", *lines], lines, strict=False):
        if mode == "terminal":
            alone = len(line.split()) == 1 and paths.search(line)
            assert len(line) <= WIDTH or alone, line
        assert not broken.search(line.rstrip()), (before, line)
        assert "…" not in re.sub(r"(PHOTO|PATH)…|\w+ …", "", line), line


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_at_80_columns(command: str, say: Callable[..., list[str]]) -> None:
    lines = say("terminal", [command, "--help"] if command else ["--help"])
    check("terminal", lines)
    said = " ".join(" ".join(lines).replace("│", " ").split())
    first = COMMANDS.get(command, "an image classifier you can trust out.")
    assert first.replace("`", "") in said.replace("`", "")


@pytest.mark.parametrize(("command", "words"), calls())
def test_what_a_command_prints(
    command: str, words: list[str] | None, things: dict[str, list[str]], say: Callable[..., list[str]], tmp_path: Path
) -> None:
    for mode in MODES:
        out = tmp_path / mode / "made"
        out.parent.mkdir()
        if words is None:
            given = first_call(command, things, out)
        else:
            given = [each for word in words for each in (things.get(word) or [str(out) if word == "OUT" else word])]
        if mode == "pipe" and words is None and command in TAKES_LONG:
            continue
        lines = say(mode, [command, *given])
        assert any(line.strip() for line in lines)
        check(mode, lines)
