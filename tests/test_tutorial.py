"""The tutorial: written as a user would, stored with what it shows, and it runs from the first cell to the last."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

import sightline
from script_modules import script

NOTEBOOK = Path(__file__).parents[1] / "docs" / "tutorial.ipynb"
MOST_BYTES = 600_000


@pytest.fixture
def notebook() -> NotebookNode:
    return nbformat.read(NOTEBOOK, as_version=4)


def shown(notebook: NotebookNode) -> str:
    """Every text that the cells show, HTML too."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    texts = [output.get("text", "") for output in outputs]
    texts += [text for output in outputs for kind, text in output.get("data", {}).items() if kind.startswith("text/")]
    return "\n".join(texts)


def code(notebook: NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def test_it_imports_what_a_user_has_and_nothing_from_inside(notebook: NotebookNode) -> None:
    trees = [ast.parse(source) for source in code(notebook)]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    assert imported <= {"sightline", "pathlib", "shutil", "matplotlib.pyplot", "numpy", "pandas"}
    asked = {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "sightline"
    }
    assert {"audit", "compare", "explore", "load", "train"} <= asked <= set(sightline.__all__)


def test_its_outputs_are_stored_and_small(notebook: NotebookNode) -> None:
    assert NOTEBOOK.stat().st_size < MOST_BYTES
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = [cell.outputs for cell in cells]
    assert [cell.execution_count for cell in cells] == [*range(1, len(cells) + 1)]
    assert all(outputs[1:]), "each cell after the imports shows something"
    kinds = {kind for each in outputs for output in each for kind in output.get("data", {})}
    assert {"text/html", "image/png"} <= kinds
    assert not [output for each in outputs for output in each if output.output_type == "error"]
    text = shown(notebook)
    assert "95 % interval" in text and "data:image/jpeg;base64," in text and "<table" in text


def test_no_path_of_the_machine_that_ran_it_is_stored(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        assert set(cell.metadata) == set(), "no times of day"
    assert not re.search(r"(?<![\w.<:/])/(?:tmp|home|root|work|Users|var)/|[A-Z]:\\", shown(notebook))


def test_every_cell_runs(notebook: NotebookNode, tmp_path: Path) -> None:
    smaller = {
        "PER_CLASS = 60": "PER_CLASS = 12",
        "img_size=96": 'img_size=48, set=["robustness_seconds=0"]',
        'recipe="demo-scratch"': 'recipe="demo-scratch", epochs=2, img_size=48, set=["robustness_seconds=0"]',
        'work / "audit"': 'work / "audit", img_size=64',
    }
    assert all(before in "\n".join(code(notebook)) for before in smaller)
    for cell in notebook.cells:
        for before, after in smaller.items():
            cell.source = cell.source.replace(before, after)
    text = shown(script("run_tutorial").run(notebook, tmp_path))
    assert "95 % interval" in text
    assert re.search(r"corrupt|truncated|empty", text)  # the planted broken files were found
    assert "report.html" in text
    assert (tmp_path / "sightline-tutorial" / "compare.html").is_file()
