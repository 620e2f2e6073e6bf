"""The Runs pages: the leaderboard, one run with its live curves, two runs side by side, a run's report."""

# ruff: noqa: ARG001  (who calls decides what is given)

from __future__ import annotations

from typing import Any

from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html

from sightline.errors import SightlineError
from sightline.judging.compare import compare
from sightline.report import compare_page
from sightline.system import regular
from sightline.web.access import open_here
from sightline.web.library import leaderboard
from sightline.web.library.cards import picture_address
from sightline.web.library.curves import curves
from sightline.web.library.judged import judged
from sightline.web.library.photos import photos as photos_of
from sightline.web.library.row import row
from sightline.web.library.shelf import Shelved, find
from sightline.web.replies import Refused

_LARGEST_REPORT = 512 << 20  # bytes
_MOST_COMPARED = 10
_PAGE = b'<div class="page">'  # where a report begins


@open_here
def runs(request: HttpRequest) -> HttpResponse:
    """The leaderboard; sorted and filtered by the address alone."""
    sort = request.GET.get("sort", "accuracy")
    sort = sort if sort in leaderboard.SORTS else "accuracy"
    back = request.GET.get("back") == "1"
    text, dataset = request.GET.get("q", "")[:200], request.GET.get("dataset", "")[:200]
    everything = leaderboard.rows()
    chosen = leaderboard.rows(text, dataset, sort, back)
    floor = min((entry.low for entry in chosen if entry.low is not None), default=0.0)
    context = {
        "rows": chosen,
        "total": len(everything),
        "datasets": sorted({entry.dataset for entry in everything if entry.dataset}),
        "sorts": [(key, title) for key, (title, _, _) in leaderboard.SORTS.items()],
        "sort": sort,
        "back": back,
        "q": text,
        "dataset": dataset,
        "floor": floor,
        "live": any(entry.status == "running" for entry in chosen),
    }
    part = request.headers.get("HX-Target") == "board"
    return render(request, "library/board.html" if part else "library/runs.html", context)


@open_here
def run(request: HttpRequest, name: str) -> HttpResponse:
    """One run."""
    found = find(name)
    context = {"row": row(found), "curves": curves(found), "answers": found.answers, "judged": judged(found)}
    return render(request, "library/run.html", context)


@open_here
def live(request: HttpRequest, name: str) -> HttpResponse:
    """The part of a run's page that moves while it is in training."""
    found = find(name)
    return render(request, "library/live.html", {"row": row(found), "curves": curves(found)})


@open_here
def comparison(request: HttpRequest) -> HttpResponse:
    """Runs on the same test photos, held against the first."""
    names = request.GET.getlist("run")[:_MOST_COMPARED]
    able = [entry.name for entry in leaderboard.rows() if entry.status == "complete"]
    context: dict[str, object] = {"choices": able, "picked": (names + [name for name in able if name not in names])[:2]}
    if len(names) > 1:
        try:
            runs = [find(name) for name in names]
            found = compare([run.folder for run in runs])
            context |= compare_page.shown(found, [run.folder for run in runs])
            context["photos"] = _pictured(runs[0], context["photos"])
        except SightlineError as error:
            context["problem"] = _by_name(str(error), names)
    elif names:
        context["problem"] = "Pick two runs or more to compare."
    return render(request, "library/compare.html", context, status=422 if "problem" in context else 200)


def _pictured(run: Shelved, rows: Any) -> list[dict[str, Any]]:
    """The photos on which runs disagree, with their thumbnails where the run's photos can be shown."""
    try:
        known = photos_of(run)
    except (Refused, SightlineError):
        return list(rows)
    pictured = []
    for item in rows:
        place = known.row_of.get(item["path"])
        if place is None:
            pictured.append(item)
        else:
            thumb, url = picture_address(known, int(place), "thumb"), reverse("photo", args=(run.name, int(place)))
            pictured.append({**item, "thumb": thumb, "url": url})
    return pictured


def _by_name(text: str, names: list[str]) -> str:
    """A message with the runs' names where it has their folders, which mean nothing in a browser."""
    for name in names:
        text = text.replace(str(find(name).folder.path), name)
    return text


@open_here
@csp_replace(  # type: ignore[arg-type]  # its own type knows views without arguments only
    {
        "default-src": ["'none'"],
        "img-src": ["data:"],
        "style-src": ["'unsafe-inline'"],
        "script-src": ["'none'"],
        "form-action": ["'none'"],
        "sandbox": ["allow-popups"],
        "frame-ancestors": ["'none'"],
    }
)
def report(request: HttpRequest, name: str) -> HttpResponse:
    """A run's report. It was written elsewhere, so it may show, but not act: sandboxed, without scripts."""
    folder = find(name).folder
    if not folder.report.is_file():
        raise Refused(404, f"{name} has no report yet.")
    if not folder.report.resolve().is_relative_to(folder.path.resolve()):
        raise Refused(404, f"The report of {name} is a link to a file elsewhere, which is not shown.")
    content = regular.content(folder.report, _LARGEST_REPORT)
    back = format_html(
        '<p class="eyebrow"><a href="{}">← Back to {} on this site</a></p>', reverse("run", args=(name,)), name
    )
    content = content.replace(_PAGE, _PAGE + back.encode(), 1)
    return HttpResponse(content, content_type="text/html; charset=utf-8")
