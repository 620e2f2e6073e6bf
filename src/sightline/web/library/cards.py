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
        "right": int(record["right"]),
        "worst": float(found.worst[row]),
        "thumb": picture_address(found, row, "thumb"),
        "url": reverse("photo", args=(found.name, row)),
    }


def picture_address(found: Photos, row: int, kind: str) -> str:
    """Where the browser gets a picture; it changes with the photo, so it may be kept for ever."""
    return f"{reverse('picture', args=(found.name, row, kind))}?v={str(found.table['digest'].iloc[row])[:12]}"
