"""One photo of a dataset among others, on whatever page: its facts, its thumbnail and where it leads."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from sightline.web.library.photos import Photos


def card(found: Photos, row: int) -> dict[str, Any]:
    """What is shown of a photo among others."""
    record = found.table.iloc[row]
    confidence = record["confidence"]
    return {
        "row": row,
        "path": record["path"],
        "label": record["label"],
        "split": record["split"],
        "predicted": record["predicted"] if isinstance(record["predicted"], str) else "",
        "confidence": float(confidence) if confidence == confidence else None,
        "unasked": _why_unasked(record),
        "right": int(record["right"]),
        "worst": float(found.worst[row]),
        "thumb": picture_address(found, row, "thumb"),
        "url": reverse("photo", args=(found.name, row)),
    }


def _why_unasked(record: Any) -> str:
    """Why a photo has no percentage; "" where it has one."""
    if record["confidence"] == record["confidence"]:
        return ""
    return "learnt from" if record["split"] == "train" else "not asked yet"


def picture_address(found: Photos, row: int, kind: str) -> str:
    """Where the browser gets a picture; it changes with the photo, so it may be kept for ever."""
    return f"{reverse('picture', args=(found.name, row, kind))}?v={found.digest(row)[:12]}"
