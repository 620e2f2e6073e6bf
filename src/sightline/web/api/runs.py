"""The runs and their findings."""

# ruff: noqa: ARG001  (who calls decides what is given)

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router

from sightline.web.api.auth import Open
from sightline.web.api.schemas import Findings, Problem, RunOut
from sightline.web.library import leaderboard
from sightline.web.library.findings import require
from sightline.web.library.row import Row, row
from sightline.web.library.shelf import find
from sightline.web.replies import Refused

router = Router(tags=["runs"], auth=Open())


@router.get("/runs", response={200: list[RunOut], 401: Problem}, summary="The leaderboard")
def list_runs(
    request: HttpRequest,
    q: str = Query("", max_length=200),
    dataset: str = Query("", max_length=200),
    sort: str = "accuracy",
) -> list[Row]:
    """Sorted by accuracy, f1, ece, parameters, speed, opened, date or name."""
    return leaderboard.rows(q, dataset, sort)


@router.get("/runs/{name}", response={200: RunOut, 401: Problem, 404: Problem}, summary="One run")
def one_run(request: HttpRequest, name: str) -> Row:
    """Its figures; null where it has none yet."""
    return row(find(name))


@router.get(
    "/runs/{name}/evaluation",
    response={200: dict[str, Any], 401: Problem, 404: Problem, 409: Problem},
    summary="A run's evaluation.json",
)
def evaluation(request: HttpRequest, name: str) -> dict[str, Any]:
    """Empty while the run is not complete."""
    run = find(name)
    if row(run).status == "damaged":
        raise Refused(409, f"{name} is damaged: {row(run).problem}")
    found = run.folder.evaluation()
    return found.to_dict() if found else {}


@router.get(
    "/runs/{name}/findings",
    response={200: Findings, 401: Problem, 404: Problem, 409: Problem, 422: Problem},
    summary="What the audit found",
)
def list_findings(
    request: HttpRequest,
    name: str,
    check: str = Query("", max_length=100),
    flagged: bool | None = None,
    offset: int = Query(0, ge=0, le=100_000_000),
    limit: int = Query(100, ge=1, le=1000),
) -> dict[str, Any]:
    """Highest score first."""
    table = require(find(name))
    if check:
        table = table[table["check"] == check]
    if flagged is not None:
        table = table[table["flagged"] == flagged]
    return {"total": len(table), "findings": table.iloc[offset : offset + limit].to_dict("records")}
