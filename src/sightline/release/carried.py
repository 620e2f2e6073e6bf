"""The code that prepares photos, as it goes out with an exported model: the very files that training and predict use.

A second copy of it, written by hand, would drift: it once told sea from forest otherwise than the run did. So the
modules that decode a photo and make it square are copied as they stand, into a package of another name beside the
model. They need numpy, Pillow and, for HEIC alone, pillow-heif.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from sightline.system.files import write_text

PACKAGE = "sightline_photos"
"""What the package is called in an export."""
ROOTS = ("data.decoding.decode", "data.decoding.fit")
"""What the exported script imports; everything that these need goes along."""


def write(folder: Path) -> None:
    """Write the package into `folder`.

    Raises:
        SightlineError: the folder cannot be written.
    """
    modules = needed()
    rooms = {room for module in modules for room in Path(*module.split(".")).parents}
    for room in sorted(rooms):
        write_text(folder / PACKAGE / room / "__init__.py", "")
    for module in modules:
        text = re.sub(r"\bsightline(?=\\?\.)", PACKAGE, source(module))
        write_text(folder / PACKAGE / f"{module.replace('.', '/')}.py", text)


def needed() -> list[str]:
    """The modules of Sightline that `ROOTS` import, and those that these do, by their names inside the package."""
    found: list[str] = []
    waiting = list(ROOTS)
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.append(module)
            waiting += _imports(ast.parse(source(module)))
    return sorted(found)


def source(module: str) -> str:
    """The text of one of Sightline's modules."""
    return _file(module).read_text(encoding="utf-8")


def _imports(tree: ast.AST) -> Iterator[str]:
    """The modules of Sightline that some code imports, those that only a type checker sees left out."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sightline."):
            parent = (node.module or "").removeprefix("sightline.")
            for alias in node.names:  # a module of a room, or a name in a module
                below = f"{parent}.{alias.name}"
                yield below if _file(below).is_file() else parent
        yield from _imports(node)


def _file(module: str) -> Traversable:
    return resources.files("sightline").joinpath(*f"{module}.py".replace(".", "/", module.count(".")).split("/"))
