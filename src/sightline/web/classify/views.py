"""The Classify page: photos in, answers out; what visitors say of the answers; the results as CSV."""

# ruff: noqa: ARG001  (who calls decides what is given)

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from sightline.web.answering.asking import ask, ask_many
from sightline.web.answering.heat import overlay
from sightline.web.answering.service import desks
from sightline.web.classify import results
from sightline.web.classify.cards import card, knows
from sightline.web.classify.models import Upload
from sightline.web.classify.store import keep, mark_reported, path_of
from sightline.web.client import client_network
from sightline.web.library.choice import able, answering
from sightline.web.library.pictures import picture_response
from sightline.web.replies import Refused
from sightline.web.review.intake import report as report_for_review


@require_safe
def classify(request: HttpRequest) -> HttpResponse:
    """The empty page."""
    return render(request, "classify/classify.html", _frame(request))


def submit(request: HttpRequest) -> HttpResponse:
    """The form as a browser without scripts sends it: all photos at once, answered by a page."""
    if request.method != "POST":  # somebody came back to the address of their answers
        return redirect("classify")
    files = request.FILES.getlist("photos")
    frame = _frame(request)
    if not files:
        return render(
            request, "classify/classify.html", frame | {"problem": "Choose one or more photos first."}, status=422
        )
    cards: list[dict[str, Any]] = []
    _, outcomes = ask_many(request, files, frame["run"], preview=True)
    for file, outcome in zip(files, outcomes, strict=True):
        if isinstance(outcome, Refused):
            cards.append({"name": str(file.name)[:120], "problem": outcome.reason})
        else:
            cards.append(card(keep(outcome, str(file.name))))
    return render(request, "classify/classify.html", frame | {"results": cards, "kept": results.remember(cards)})


@require_POST
def one(request: HttpRequest) -> HttpResponse:
    """One photo, answered by its card alone."""
    files: list[UploadedFile] = request.FILES.getlist("photos")
    if len(files) != 1:
        raise Refused(422, "Send exactly one photo.")
    answered = ask(request, files[0], _wanted(request), preview=True)
    return render(request, "classify/card.html", card(keep(answered, str(files[0].name))))


def _wanted(request: HttpRequest) -> str:
    return request.POST.get("run", "") or request.GET.get("run", "")


def _frame(request: HttpRequest) -> dict[str, Any]:
    options = settings.SIGHTLINE
    wanted = _wanted(request)
    try:
        run = answering(wanted).name
    except Refused:
        if wanted or request.method == "POST":
            raise
        run = ""  # the page itself says so
    return {
        "run": run,
        "runs": sorted(other.name for other in able()),
        "knows": knows(run) if run else None,
        "no_model": not run,
        "most_mb": options.upload_megabytes,
        "most_files": options.upload_files,
    }


@require_safe
def preview(request: HttpRequest, identity: uuid.UUID) -> HttpResponse:
    """The copy of a visitor's photo."""
    path = path_of(identity)
    if not path.is_file():
        raise Refused(404, "This photo is no longer kept.")
    return picture_response(path.read_bytes())


@require_safe
def heat(request: HttpRequest, identity: uuid.UUID) -> HttpResponse:
    """Where the network looked, laid over the photo."""
    upload = Upload.objects.filter(pk=identity).first()
    if upload is None or not path_of(identity).is_file():
        raise Refused(404, "This photo is no longer kept.")
    label = request.GET.get("label", "") or upload.answer["predicted"]
    content = path_of(identity).read_bytes()
    return picture_response(overlay(desks().get(upload.run), content, label, client_network(request)))


@require_POST
def wrong(request: HttpRequest, identity: uuid.UUID) -> HttpResponse:
    """A visitor says that the answer is wrong, and perhaps what is right."""
    upload = Upload.objects.filter(pk=identity).first()
    if upload is None:
        raise Refused(404, "This photo is no longer kept.")
    label = request.POST.get("label", "")
    if label and label not in upload.answer["probabilities"]:
        raise Refused(422, "Choose one of the classes, or none of them.")
    with mark_reported(upload):
        report_for_review(upload.run, str(upload.pk), upload.answer["predicted"], label)
    if request.headers.get("HX-Request") == "true":
        return render(request, "classify/thanks.html")
    cards = [card(upload)]
    context = {"thanks": True, "results": cards, "kept": results.remember(cards)}
    return render(request, "classify/classify.html", _frame(request) | context)


@require_POST
def results_csv(request: HttpRequest) -> HttpResponse:
    """The answers to the photos on the page."""
    asked = results.recall(request.POST.get("results", ""))
    if not asked:
        return redirect("classify")
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="sightline-results.csv"'
    results.write(asked, response)  # type: ignore[arg-type]  # a response is written to like a file
    return response
