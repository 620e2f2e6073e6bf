"""Which run it is about where nobody named one."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from django.test import Client

from sightline.web.library.choice import answering, showing


def _name_dataset(run: Path, name: str) -> None:
    described = json.loads((run / "dataset.json").read_text()) | {"name": name}
    (run / "dataset.json").write_text(json.dumps(described))


def _newest(run: Path) -> None:
    soon = time.time() + 60
    os.utime(run / "model" / "sightline.json", (soon, soon))


def test_the_newest_complete_run_answers(shelf_of_three: Path) -> None:
    for name in ("alpha", "beta"):
        _newest(shelf_of_three / name)
        assert answering().name == name
        os.utime(shelf_of_three / name / "model" / "sightline.json", (1, 1))
    _newest(shelf_of_three / "broken-off")
    assert answering().name != "broken-off"


def test_the_demo_answers_only_where_there_is_no_other(shelf_of_three: Path, visitor: Client) -> None:
    _newest(shelf_of_three / "beta")
    _name_dataset(shelf_of_three / "beta", "demo-scenes")
    assert answering().name == "alpha" and showing() is not None and showing().name == "alpha"  # type: ignore[union-attr]
    assert answering("beta").name == "beta"  # whoever asks for it gets it
    for name in ("alpha", "broken-off"):
        _name_dataset(shelf_of_three / name, "demo-scenes")
    assert answering().name == "beta"
    assert b"beta" in visitor.get("/").content
