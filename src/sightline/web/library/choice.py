"""Which run it is about, where nobody named one: never one that is damaged."""

from __future__ import annotations

from sightline.web.library.row import row
from sightline.web.library.shelf import Shelved, find, shelved, stamp
from sightline.web.replies import Refused

_DEMO = "demo-scenes"  # the dataset of `sightline demo`


def able() -> list[Shelved]:
    """The runs that have a model which can be asked; the newest complete one first, the demo's after all others."""
    found = [run for run in shelved() if run.answers and row(run).status != "damaged"]
    return sorted(found, key=_rank, reverse=True)


def _rank(run: Shelved) -> tuple[bool, bool, int]:
    return row(run).dataset != _DEMO, run.complete, stamp(run.folder.model / "sightline.json")


def answering(name: str = "") -> Shelved:
    """The run that answers: the one of this name, else the newest that is complete.

    Raises:
        Refused: 404 no such run, 409 there is none with a model.
    """
    if name:
        chosen = find(name)
        if not chosen.answers:
            raise Refused(409, f"{chosen.name} has no model yet; it is still training or was interrupted.")
        return chosen
    if not able():
        raise Refused(409, "There is no trained model here yet. Train one: sightline train PHOTOS.")
    return able()[0]


def showing() -> Shelved | None:
    """The run whose photos are shown: the one that answers, or any that knows its photos; None if there is none."""
    known = [run for run in shelved() if run.knows_photos and row(run).status != "damaged"]
    return next((run for run in able() if run.knows_photos), max(known, key=_rank, default=None))
