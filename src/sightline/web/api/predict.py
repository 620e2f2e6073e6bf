"""Predict one photo or many, by upload."""

# ruff: noqa: ARG001  (who calls decides what is given)

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja import File, Query, Router
from ninja.files import UploadedFile

from sightline.web.answering.asking import Answered, ask, ask_many
from sightline.web.answering.service import desks
from sightline.web.api.auth import Anyone, Open
from sightline.web.api.schemas import Health, Many, One, Problem
from sightline.web.replies import Refused

_PROBLEMS = {
    400: Problem, 404: Problem, 409: Problem, 413: Problem, 415: Problem, 422: Problem, 429: Problem, 503: Problem,
    504: Problem,
}  # fmt: skip
router = Router(tags=["predict"], auth=Anyone())
_open = Open()


@router.post("/predict", response={200: One, **_PROBLEMS}, summary="Classify one photo")
def predict(
    request: HttpRequest,
    file: File[UploadedFile],
    run: str = Query("", max_length=255),
) -> dict[str, Any]:
    """The answer of `run`'s model, or of the newest finished run's."""
    request.auth_person = request.auth  # type: ignore[attr-defined]
    answered = ask(request, file, run, preview=False)
    return {"run": answered.run, "prediction": _shown(request, str(file.name), answered)}


@router.post("/predict/many", response={200: Many, **_PROBLEMS}, summary="Classify several photos")
def predict_many(
    request: HttpRequest,
    files: File[list[UploadedFile]],
    run: str = Query("", max_length=255),
) -> dict[str, Any]:
    """One answer for each file, in order; a file that cannot be read has `error` and stops nothing."""
    request.auth_person = request.auth  # type: ignore[attr-defined]
    answered_by, outcomes = ask_many(request, files, run, preview=False)
    rows = [_shown(request, str(file.name), outcome) for file, outcome in zip(files, outcomes, strict=True)]
    return {"run": answered_by, "predictions": rows}


@router.get("/health", response=Health, summary="How the site is doing")
def health(request: HttpRequest) -> dict[str, Any]:
    """For people and dashboards; machines ask /live and /ready."""
    loaded = desks().loaded
    return {
        "live": True,
        "ready": not desks().closed,
        "inside": sum(desk.batcher.inside for desk in loaded),
        "room": settings.SIGHTLINE.queue,
        "loaded": [desk.run for desk in loaded],
    }


def _shown(request: HttpRequest, name: str, outcome: Answered | Refused) -> dict[str, Any]:
    if isinstance(outcome, Refused):
        nothing: dict[str, Any] = {"predicted": None, "confidence": None, "familiar": None, "decision": None}
        return {"name": name, **nothing, "probabilities": {}, "set": [], "neighbours": [], "error": outcome.reason}
    shown = outcome.answer.to_dict()
    if _open(request) is None:
        shown["neighbours"] = []
    return {"name": name, **shown, "error": ""}
