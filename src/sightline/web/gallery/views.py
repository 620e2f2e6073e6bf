"""The Data pages: the photos of a run's dataset, and one photo with all that is known of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

import pandas as pd
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from sightline.web.access import open_here
from sightline.web.answering.heat import overlay
from sightline.web.answering.service import desks
from sightline.web.client import client_network
from sightline.web.gallery.neighbours import neighbours
from sightline.web.library.cards import card, picture_address
from sightline.web.library.choice import showing
from sightline.web.library.findings import findings
from sightline.web.library.photos import BANDS, SORTS, Filter, Photos, photos
from sightline.web.library.pictures import SIZES, picture, picture_response
from sightline.web.library.shelf import find, shelved
from sightline.web.replies import Refused
from sightline.web.review import history
from sightline.web.show import percent

PAGE = 60


@open_here
def data(request: HttpRequest) -> HttpResponse:
    """To the photos of the run that was chosen, or of the one that answers, or of any that knows its photos."""
    wanted = request.GET.get("run", "")
    chosen = find(wanted) if wanted else showing()
    return redirect("photos", name=chosen.name) if chosen else render(request, "gallery/empty.html")


@open_here
def gallery(request: HttpRequest, name: str) -> HttpResponse:
    """One page of photos; as a fragment when the page is being continued."""
    found = photos(find(name))
    wanted = Filter(**{field: request.GET.get(field, "")[:300] for field in asdict(Filter())})
    wanted = wanted if wanted.sort in SORTS else Filter(**{**asdict(wanted), "sort": "path"})
    after = request.GET.get("after", "")
    rows, total, more = found.page(wanted, int(after) if after.isdecimal() and len(after) < 12 else None, PAGE)
    asked = {key: value for key, value in asdict(wanted).items() if value and (key, value) != ("sort", "path")}
    context = {
        "run": name,
        "runs": [run.name for run in shelved()],
        "cards": [card(found, row) for row in rows],
        "total": total,
        "all": len(found),
        "filter": wanted,
        "asked": urlencode(asked),
        "next": urlencode({**asked, "after": rows[-1]}) if more else "",
        "continued": bool(after),
        "classes": found.classes,
        "splits": [split for split in ("train", "val", "test") if (found.table["split"] == split).any()],
        "bands": [(key, f"{100 * low:.0f} to {percent(min(high, 1), 0)}") for key, (low, high) in BANDS.items()],
        "sorts": list(SORTS.items()),
        "checks": found.checks,
        "mistakes": found.mistakes(),
        "problem": findings(find(name)).problem,
    }
    target = request.headers.get("HX-Target", "")
    template = {"more": "gallery/more.html", "photos": "gallery/grid.html"}.get(target, "gallery/photos.html")
    return render(request, template, context)


@open_here
def photo(request: HttpRequest, name: str, row: int) -> HttpResponse:
    """One photo: what it is, what was said of it, its twins, neighbours and history."""
    found = photos(find(name))
    found.file(row)
    record = found.table.iloc[row]
    probabilities = sorted(found.probabilities(row).items(), key=lambda pair: -pair[1])
    context = {
        "run": name,
        "card": card(found, row),
        "large": picture_address(found, row, "photo"),
        "facts": _facts(record),
        "width": record.get("width"),
        "height": record.get("height"),
        "digest": found.digest(row),
        "probabilities": probabilities,
        "findings": found.findings_of(row),
        "twins": [card(found, twin) for twin in found.twins(row)],
        "history": history.of_photo(name, record["path"]),
        # Asked for in the address by browsers without scripts; the others fetch them when the rest is there.
        "neighbours": _near(request, found, row) if request.GET.get("neighbours") == "1" else None,
        "before": row - 1 if row else None,
        "after": row + 1 if row + 1 < len(found) else None,
    }
    return render(request, "gallery/photo.html", context)


def _facts(record: pd.Series) -> list[tuple[str, str]]:
    """What the run's table says of a photo, for people; what it does not know is left out."""
    known = {key: value for key, value in record.items() if pd.notna(value) and value != ""}
    made = []
    if {"width", "height"} <= known.keys():
        made.append(("size", f"{known['width']:.0f} × {known['height']:.0f}"))
    if {"format", "mode", "bytes"} <= known.keys():
        made.append(("file", f"{known['format']}, {known['mode']}, {known['bytes'] / 1000:,.1f} kB"))
    if "brightness" in known:
        made.append(("brightness", f"{known['brightness']:.0f} of 255"))
    return made + [(key, str(known[key])) for key in ("group", "notes") if key in known]


@open_here
def resembling(request: HttpRequest, name: str, row: int) -> HttpResponse:
    """The training photos that it resembles: a fragment, fetched when the rest is there, since the network must
    look first.
    """
    found = photos(find(name))
    found.file(row)
    return render(request, "gallery/resembling.html", {"neighbours": _near(request, found, row)})


def _near(request: HttpRequest, found: Photos, row: int) -> list[tuple[dict[str, Any], float]]:
    near = neighbours(find(found.name), found, row, client_network(request))
    return [(card(found, other), likeness) for other, likeness in near]


@open_here
def show_heat(request: HttpRequest, name: str, row: int) -> HttpResponse:
    """Where the network looked for its answer, or for the class `label`."""
    run = find(name)
    found = photos(run)
    content = picture(found.file(row), found.digest(row), "photo", client_network(request), found.white)
    predicted = found.table["predicted"].iloc[row]
    label = request.GET.get("label", "") or (
        predicted if isinstance(predicted, str) else found.table["label"].iloc[row]
    )
    return picture_response(overlay(desks().get(name), content, str(label), client_network(request)))


@open_here
def show_picture(request: HttpRequest, name: str, row: int, kind: str) -> HttpResponse:
    """The picture itself."""
    if kind not in SIZES:
        raise Refused(404, "There are thumbs and photos.")
    found = photos(find(name))
    content = picture(found.file(row), found.digest(row), kind, client_network(request), found.white)
    return picture_response(content, keep=True)
