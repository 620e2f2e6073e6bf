"""The review queue and its decisions; for people and tokens only."""

# ruff: noqa: ARG001  (who calls decides what is given)

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from sightline.web.api.auth import people
from sightline.web.api.schemas import DecisionIn, DecisionOut, Decisions, ItemOut, Problem, Standing
from sightline.web.library.row import row
from sightline.web.library.shelf import find
from sightline.web.review import claims
from sightline.web.review.agreement import standing
from sightline.web.review.export import decisions_csv
from sightline.web.review.history import of_run
from sightline.web.review.intake import take_in
from sightline.web.review.models import Decision, Item

router = Router(tags=["review"], auth=people)
_PROBLEMS = {401: Problem, 403: Problem, 404: Problem, 409: Problem, 422: Problem}


@router.post("/runs/{name}/queue/next", response={200: ItemOut, 204: None, **_PROBLEMS}, summary="Claim the next photo")
def next_item(request: HttpRequest, name: str) -> Status[Item | None]:
    """The worst free photo, held for ten minutes; the one already held, if there is one; 204 when nothing is left."""
    run = find(name)
    take_in(run)
    item = claims.claim(_person(request), run.name)
    return Status(200, item) if item else Status(204, None)


@router.post(
    "/runs/{name}/queue/{int:item}", response={200: DecisionOut, **_PROBLEMS}, summary="Decide a claimed photo"
)
def decide(request: HttpRequest, name: str, item: int, body: DecisionIn) -> dict[str, Any]:
    """keep, relabel or drop."""
    classes = row(find(name)).classes
    if item > 2**62:
        item = 0
    return _shown(claims.decide(_person(request), item, body.decision, body.label, classes=classes))


@router.post("/runs/{name}/queue/{int:item}/skip", response={204: None, **_PROBLEMS}, summary="Let a claimed photo go")
def skip(request: HttpRequest, name: str, item: int) -> Status[None]:
    """Others get it first."""
    find(name)
    claims.skip(_person(request), item if item < 2**62 else 0)
    return Status(204, None)


@router.get("/runs/{name}/decisions", response={200: Decisions, **_PROBLEMS}, summary="Every decision, newest first")
def list_decisions(
    request: HttpRequest,
    name: str,
    before: int | None = Query(None, ge=0, le=2**62),
    limit: int = Query(100, ge=1, le=1000),
) -> dict[str, Any]:
    """Undone ones too, with the time at which they were taken back."""
    decisions, more = of_run(find(name).name, before, limit)
    return {"decisions": [_shown(decision) for decision in decisions], "next": more}


@router.get("/runs/{name}/decisions.csv", response={200: str, **_PROBLEMS}, summary="decisions.csv for sightline train")
def export(request: HttpRequest, name: str) -> HttpResponse:
    """path,decision,label of every settled photo."""
    return HttpResponse(decisions_csv(find(name).name), content_type="text/csv; charset=utf-8")


@router.get("/runs/{name}/review", response={200: Standing, **_PROBLEMS}, summary="How far the review is")
def progress(request: HttpRequest, name: str) -> Any:
    """Counts."""
    return standing(find(name).name)


def _person(request: HttpRequest) -> Any:
    return request.auth  # type: ignore[attr-defined]


def _shown(decision: Decision) -> dict[str, Any]:
    return {
        "id": decision.pk,
        "path": decision.item.path,
        "decision": decision.decision,
        "label": decision.label,
        "user": decision.user.get_username(),
        "when": decision.when,
        "undone": decision.undone,
    }
