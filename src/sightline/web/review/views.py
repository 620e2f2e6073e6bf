"""The Review pages: the queue, one photo at a time, decided with one key; progress, agreement, decisions.csv."""

# ruff: noqa: ARG001  (who calls decides what is given)

from __future__ import annotations

import shlex
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from sightline.web import metrics
from sightline.web.access import people_only
from sightline.web.library.cards import card, picture_address
from sightline.web.library.choice import showing
from sightline.web.library.findings import findings
from sightline.web.library.photos import Photos, photos
from sightline.web.library.row import row
from sightline.web.library.shelf import Shelved, find, shelved
from sightline.web.replies import Refused
from sightline.web.review import claims
from sightline.web.review.agreement import outcomes, standing
from sightline.web.review.export import decisions_csv
from sightline.web.review.history import last_run_of, of_run
from sightline.web.review.intake import take_in
from sightline.web.review.models import VISITOR, Decision, Item

_HISTORY = 8


@people_only
def review(request: HttpRequest) -> HttpResponse:
    """To the queue of the run that was chosen, or reviewed last, or that answers."""
    wanted = request.GET.get("run", "")
    if wanted:
        return redirect("queue", name=find(wanted).name)
    last, chosen = last_run_of(request.user), showing()
    if last in {run.name for run in shelved()}:
        return redirect("queue", name=last)
    return redirect("queue", name=chosen.name) if chosen else render(request, "review/empty.html")


@people_only
@never_cache
@require_safe
def queue(request: HttpRequest, name: str) -> HttpResponse:
    """The next photo for this reviewer, and how far the review is."""
    run = find(name)
    take_in(run)
    return render(request, "review/queue.html", _desk(request, run))


@people_only
@never_cache
@require_POST
def act(request: HttpRequest, name: str) -> HttpResponse:
    """keep, relabel, drop, skip or undo; then the next photo."""
    assert isinstance(request.user, User)
    run = find(name)
    action, label = request.POST.get("action", ""), request.POST.get("label", "")
    said = ""
    try:
        if action == "undo":
            item = claims.undo(request.user, name)
            said = "Taken back. Here it is again." if item else "There is nothing to take back."
        elif action == "skip":
            claims.skip(request.user, _number(request))
            said = "Skipped."
        else:
            made = claims.decide(request.user, _number(request), action, label, classes=_classes(run))
            metrics.DECISIONS.labels(action).inc()
            said = {"keep": "Kept.", "drop": "Dropped.", "relabel": f"Now {made.label}."}[action]
    except Refused as refused:
        if refused.status not in (404, 409):
            raise
        said = refused.reason
    if request.headers.get("HX-Request") != "true":
        return redirect(f"{reverse('queue', args=(name,))}{'?second=1' if request.POST.get('second') == '1' else ''}")
    return render(request, "review/desk.html", _desk(request, run) | {"said": said})


@people_only
@require_safe
def export(request: HttpRequest, name: str) -> HttpResponse:
    """decisions.csv."""
    response = HttpResponse(decisions_csv(find(name).name), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="decisions.csv"'
    return response


@people_only
@require_safe
def history(request: HttpRequest, name: str) -> HttpResponse:
    """Every decision of a run, newest first."""
    run = find(name)
    before = request.GET.get("before", "")
    decisions, more = of_run(name, int(before) if before.isdecimal() and len(before) < 18 else None)
    context = {"run": name, "decisions": decisions, "more": more}
    disputed = [outcome.item for outcome in outcomes(name) if outcome.verdict is None]
    return render(
        request,
        "review/history.html",
        context | {"standing": standing(name), "disputed": disputed, "runs": _names(run)},
    )


def _number(request: HttpRequest) -> int:
    text = request.POST.get("item", "")
    if not text.isdecimal() or len(text) > 17:
        raise Refused(400, "The photo's number is missing.")
    return int(text)


def _classes(run: Shelved) -> tuple[str, ...]:
    return row(run).classes


def _names(run: Shelved) -> list[str]:
    return [other.name for other in shelved()] or [run.name]


def _desk(request: HttpRequest, run: Shelved) -> dict[str, Any]:
    assert isinstance(request.user, User)
    second = (request.POST if request.method == "POST" else request.GET).get("second") == "1"
    item = claims.claim(request.user, run.name, second=second)
    mine = Decision.objects.filter(user=request.user, item__run=run.name, undone=None).select_related("item")
    context: dict[str, Any] = {
        "run": run.name,
        "runs": _names(run),
        "second": second,
        "item": item,
        "standing": standing(run.name),
        "classes": _classes(run),
        "mine": mine.order_by("-id")[:_HISTORY],
        "second_waiting": 0 if item else claims.waiting(request.user, run.name, second=True).count(),
        "problem": findings(run).problem or row(run).problem,
        "audit": "" if item else _audit_command(run),
    }
    if item is not None:
        context |= _shown(run, item)
    return context


def _audit_command(run: Shelved) -> str:
    """What fills the queue, ready to be copied: with the real paths for those who sit at this machine."""
    place = run.folder.path if settings.SIGHTLINE.open_pages else Path(run.name)
    described = run.folder.dataset() if row(run).status != "damaged" else None
    root = described.folder if described else Path("PHOTOS")
    photos_at = root if settings.SIGHTLINE.open_pages else Path(root.name)
    return shlex.join(["sightline", "audit", str(photos_at), "--run", str(place), "--out", str(place / "audit")])


def _shown(run: Shelved, item: Item) -> dict[str, Any]:
    """The pictures of an item, and what is known of it."""
    if item.kind == VISITOR:
        return {
            "picture": reverse("preview", args=(uuid.UUID(item.path),)),
            "twins": [],
            "probabilities": [],
            "known": None,
        }
    try:
        found: Photos = photos(run)
    except Refused:
        return {"picture": "", "twins": [], "probabilities": [], "known": None}
    rows = found.rows_named([item.path])
    if not rows:
        return {"picture": "", "twins": [], "probabilities": [], "known": None}
    row = rows[0]
    twins = found.rows_named([reason["twin"] for reason in item.reasons if reason.get("twin")])
    return {
        "picture": picture_address(found, row, "photo"),
        "known": card(found, row),
        "twins": [card(found, twin) for twin in dict.fromkeys(twins)][:4],
        "probabilities": sorted(found.probabilities(row).items(), key=lambda pair: -pair[1])[:3],
    }
