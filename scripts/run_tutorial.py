"""Run the tutorial notebook, and store what its cells show.

    python scripts/run_tutorial.py

It runs in an empty folder, so that every path in its outputs is relative to it. Times of day, and whatever else a
second run would tell differently without need, are left out.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

NOTEBOOK = Path(__file__).parents[1] / "docs" / "tutorial.ipynb"
_LONGEST = 600  # seconds, of one cell


def run(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Run every cell in `folder`, and put what it shows into the notebook.

    Raises:
        CellExecutionError: a cell fails.
    """
    settings = {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "IPYTHONDIR": str(folder / ".ipython")}
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, timeout=_LONGEST, kernel_name="python3", resources=resources, record_timing=False)
    client.execute(env={**os.environ, **settings})
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not _passes(output)]
    return notebook


def _passes(output: NotebookNode) -> bool:
    """Whether it is progress, or a warning of the kernel: of no interest when the work is done."""
    told = str(output.get("data", {}).get("text/plain", "")).strip()
    return output.get("name") == "stderr" or (output.output_type == "display_data" and told.endswith(" a second"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        nbformat.write(run(nbformat.read(NOTEBOOK, as_version=4), Path(folder)), NOTEBOOK)
