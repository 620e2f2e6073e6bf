"""The answers on the page as a table: what the page remembers of them, and the CSV that is made of it."""

from __future__ import annotations

import csv
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from sightline.system.spreadsheet import defuse
from sightline.trust.answers import joined
from sightline.web.classify.models import Upload
from sightline.web.replies import Refused


@dataclass(frozen=True)
class Remembered:
    """One photo of the page: its identity, or the name of a file that could not be read and why."""

    photo: uuid.UUID | None
    name: str = ""
    error: str = ""


def remember(cards: Sequence[dict[str, Any]]) -> str:
    """What the page keeps in its form."""
    return json.dumps(
        [
            {"photo": str(card["upload"].id)} if "upload" in card else {"name": card["name"], "error": card["problem"]}
            for card in cards
        ]
    )


def recall(text: str) -> list[Remembered]:
    """The photos in a form that comes back.

    Raises:
        Refused: 400, somebody else wrote it.
    """
    try:
        return [
            Remembered(uuid.UUID(entry["photo"]))
            if "photo" in entry
            else Remembered(None, str(entry.get("name", "")), str(entry.get("error", "")))
            for entry in json.loads(text or "[]")
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Refused(400, "The list of photos is damaged. Reload the page and ask again.") from None


def write(asked: Sequence[Remembered], file: TextIO) -> None:
    """The table of these photos, in their order, with the columns of `sightline predict`."""
    known = Upload.objects.in_bulk([entry.photo for entry in asked if entry.photo is not None])
    classes = list(dict.fromkeys(name for upload in known.values() for name in upload.answer["probabilities"]))
    writer = csv.writer(file, lineterminator="\n")
    shares = [f"p_{name}" for name in classes]
    writer.writerow(_row(["path", "predicted", "confidence", *shares, "set", "familiar", "decision", "error"]))
    for entry in asked:
        upload = known.get(entry.photo) if entry.photo is not None else None
        if upload is None:
            reason = entry.error[:300] or "no longer kept"
            writer.writerow(_row([entry.name[:120], "", "", *("" for _ in classes), "", "", "", reason]))
            continue
        answer = upload.answer
        row = [upload.name, answer["predicted"], answer["confidence"]]
        row += [answer["probabilities"].get(name, "") for name in classes]
        writer.writerow(_row([*row, joined(answer["set"]), answer["familiar"], answer["decision"], ""]))


def _row(cells: Sequence[Any]) -> list[Any]:
    """What a spreadsheet would take for a formula stays text."""
    return [defuse(cell) if isinstance(cell, str) else cell for cell in cells]
