"""What a stranger may do to a run folder, and commands run on it. Shared by tests/hostile/."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sightline.cli import main
from sightline.models.documents import digest
from sightline.system.files import sha256


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: object
    out: str
    err: str

    @property
    def is_plain(self) -> bool:
        """Whether it ended as a command may: with 0, 1 or 2, and without a word of its own insides."""
        said = self.out + self.err
        return self.code in (0, 1, 2) and "inside Sightline" not in said and "Traceback" not in said


def sightline(*arguments: str | Path) -> Outcome:
    """Run one command in this process."""
    out, err, code = io.StringIO(), io.StringIO(), None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = ended.code
    return Outcome(code, out.getvalue(), err.getvalue())


def change(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Edit a JSON file in place."""
    described = json.loads(path.read_text())
    edit(described)
    path.write_text(json.dumps(described))


def vouch(model: Path) -> None:
    """Make sightline.json vouch for the model folder as it now is, as whoever hands over a bad one would."""
    path = model / "sightline.json"
    if not path.is_file() or path.stat().st_size > 1_000_000:  # a pipe would be waited for
        return
    described = json.loads(path.read_text())
    described["sha256"] = {name: sha256(model / name) for name in described["sha256"]}
    described["digest"] = digest(described)
    path.write_text(json.dumps(described))
