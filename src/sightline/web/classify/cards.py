"""What the page shows of an answer: the class and how sure it is, the runners-up, the training photos it resembles."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse

from sightline.web.classify.models import Upload
from sightline.web.library.cards import picture_address
from sightline.web.library.photos import photos
from sightline.web.library.row import row
from sightline.web.library.shelf import find
from sightline.web.replies import Refused

_SHOWN = 5  # classes on a card
_TILES = 24  # classes with a photo each; the rest are named


def card(upload: Upload) -> dict[str, Any]:
    """The context of classify/card.html."""
    answer = upload.answer
    also = [name for name in answer["set"] if name != answer["predicted"]]
    guess = "Probably" if answer["decision"] == "unsure" and answer["confidence"] >= 0.5 else "Perhaps"
    bars = sorted(answer["probabilities"].items(), key=lambda pair: -pair[1])
    shown = _SHOWN if len(bars) > _SHOWN + 1 else len(bars)  # "1 other" would take as much room as its name
    return {
        "upload": upload,
        "name": upload.name,
        "answer": answer,
        "maybe": "" if answer["decision"] == "answer" else guess,
        "also": " or ".join([", ".join(also[:-1])] * (len(also) > 1) + also[-1:]),
        "bars": bars[:shown],
        "rest": sum(p for _, p in bars[shown:]),
        "others": len(bars[shown:]),
        "resembles": _resembles(upload),
    }


def knows(run: str) -> dict[str, Any]:
    """What the model of a run can tell apart: its classes, each with a photo where the dataset is open to visitors."""
    found = row(find(run))
    shown = {}
    if settings.SIGHTLINE.open_pages:
        try:
            photos_of = photos(find(run))
            shown = {name: picture_address(photos_of, at, "thumb") for name, at in photos_of.examples()}
        except Refused:
            shown = {}
    classes = [{"name": name, "thumb": shown.get(name, "")} for name in found.classes]
    return {"row": found, "classes": classes[:_TILES], "others": found.classes[_TILES:]}


def _resembles(upload: Upload) -> list[dict[str, Any]]:
    """The nearest training photos with their pictures; none where the dataset is not open to visitors."""
    if not settings.SIGHTLINE.open_pages or not upload.answer.get("neighbours"):
        return []
    try:
        found = photos(find(upload.run))
    except Refused:
        return []
    made = []
    for near in upload.answer["neighbours"]:
        for at in found.rows_named([near["path"]]):
            made.append(
                {
                    "label": found.table["label"].iloc[at],
                    "similarity": near["similarity"],
                    "thumb": picture_address(found, at, "thumb"),
                    "url": reverse("photo", args=(found.name, at)),
                }
            )
    return made
