"""The rules of the house that no library checks: sizes, documentation, and what must not be in the repository."""

from __future__ import annotations

import ast
import hashlib
import re
import statistics
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from sightline.version import __version__

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for path in (ROOT / "src").rglob("*.py") if "migrations" not in path.parts)
MOST_LINES, MOST_MEDIAN = 350, 120

# `name: what it is`, as far as the colon. Two names, joined by a comma, "and" or a slash, would be documented as none.
ARGUMENT = re.compile(r"^\s+(?P<names>\*{0,2}\w+(?:\s*(?:,|/|\band\b)\s*\*{0,2}\w+)+)\s*:\s")


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_source_file_is_long() -> None:
    long = {str(path.relative_to(ROOT)): lines(path) for path in SOURCES if lines(path) > MOST_LINES}
    assert not long, "a file holds one idea; split these where a second one begins"


def test_half_of_the_source_files_are_short() -> None:
    assert statistics.median(map(lines, SOURCES)) <= MOST_MEDIAN


def arguments_section(docstring: str) -> list[str]:
    """The lines of the section Args."""
    found: list[str] = []
    inside = False
    for line in docstring.splitlines():
        if line.strip() in ("Args:", "Attributes:"):
            inside = True
        elif re.match(r"\S", line):  # the next section, or the text goes on
            inside = False
        elif inside:
            found.append(line)
    return found


def documented(path: Path) -> list[tuple[str, str]]:
    """Name and docstring of everything in a file that has one."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, kinds)]
    return [(getattr(node, "name", path.stem), text) for node in nodes if (text := ast.get_docstring(node))]


def test_each_parameter_is_documented_on_a_line_of_its_own() -> None:
    doubled = [
        f"{path.relative_to(ROOT)}: {name}: {line.strip()}"
        for path in SOURCES
        for name, text in documented(path)
        for line in arguments_section(text)
        if ARGUMENT.match(line)
    ]
    assert not doubled, "a documentation generator loses the second of two names"


@pytest.mark.parametrize(
    ("line", "bad"),
    [
        ("    a, b: two numbers.", True),
        ("    a and b: two numbers.", True),
        ("    a/b: two numbers.", True),
        ("    *args, **kwargs: the rest.", True),
        ("    a: a number, at most b: that is.", False),
        ("        of it, and this: goes on.", False),
    ],
)
def test_two_names_on_one_line_are_noticed(line: str, bad: bool) -> None:
    found = ARGUMENT.match(line)
    assert bool(found) is bad


def tracked() -> list[Path]:
    """The files that git knows, as far as they are there."""
    try:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not in a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_holds_a_path_of_one_machine_or_the_address_of_a_registry() -> None:
    # Put together here, so that this file does not hold them.
    machine = [rb"(?<![\w.}])/" + name + rb"/[\w.]" for name in (b"work", b"root")]
    registry = [name.replace(b" ", rb"\.") for name in (b"pypi org", b"files pythonhosted org", b"registry npmjs org")]
    forbidden = re.compile(b"|".join(machine + registry))
    found = {
        str(path.relative_to(ROOT)): match.group().decode()
        for path in tracked()
        if (match := forbidden.search(path.read_bytes()))
    }
    assert not found


def test_the_licence_is_whole_and_goes_along() -> None:
    text = (ROOT / "LICENSE").read_bytes()
    assert len(text) == 11358
    assert hashlib.sha256(text).hexdigest() == "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "Apache-2.0"
    assert all((ROOT / name).is_file() for name in project["license-files"])


def test_the_version_is_the_same_wherever_it_is_written() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    released = re.findall(r"^## (\d\S*) \((\d{4}-\d\d-\d\d)\)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert released[0] == (__version__, str(citation["date-released"]))


def test_the_workflow_runs_what_anyone_can_run_on_every_python_that_is_promised() -> None:
    steps = yaml.safe_load((ROOT / ".github/workflows/check.yml").read_text(encoding="utf-8"))["jobs"]["check"]
    assert {"run": ".ci/run"} in steps["steps"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={steps['strategy']['matrix']['python'][0]}"
