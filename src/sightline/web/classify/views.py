"""The Classify page: photos in, answers out; what visitors say of the answers; the results as CSV."""

# ruff: noqa: ARG001  (who calls decides what is given)

from __future__ import annotations

import csv
import json
import uuid
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from sightline.web.answering.asking import ask, ask_many
from sightline.web.answering.heat import overlay
from sightline.web.answering.service import desks
from sightline.web.classify.models import Upload
from sightline.web.classify.store import keep, path_of
from sightline.web.gallery.views import address
from sightline.web.library.photos import photos
from sightline.web.library.shelf import answering, find, shelved
from sightline.web.replies import Refused
from sightline.web.review.intake import report as report_for_review

_SHOWN = 5  # classes on a card


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
    results: list[dict[str, Any]] = []
    for file, outcome in zip(files, ask_many(request, files, frame["run"], preview=True), strict=True):
        if isinstance(outcome, Refused):
            results.append({"name": str(file.name)[:120], "problem": outcome.reason})
        else:
            results.append(_card(keep(*outcome, frame["run"], str(file.name))))
    return render(request, "classify/classify.html", frame | {"results": results, "kept": _kept(results)})


@require_POST
def one(request: HttpRequest) -> HttpResponse:
    """One photo, answered by its card alone."""
    files: list[UploadedFile] = request.FILES.getlist("photos")
    if len(files) != 1:
        raise Refused(422, "Send exactly one photo.")
    frame = _frame(request)
    photo, answer = ask(request, files[0], frame["run"], preview=True)
    return render(request, "classify/card.html", _card(keep(photo, answer, frame["run"], str(files[0].name))))


def _frame(request: HttpRequest) -> dict[str, Any]:
    options = settings.SIGHTLINE
    able = [run.name for run in shelved() if run.answers]
    wanted = request.POST.get("run", "") or request.GET.get("run", "")
    try:
        chosen = answering(wanted)
        run = chosen.name
    except Refused:
        if wanted or request.method == "POST":
            raise
        run = ""  # the page itself says so
    return {
        "run": run,
        "runs": able,
        "no_model": not run,
        "most_mb": options.upload_megabytes,
        "most_files": options.upload_files,
    }


def _card(upload: Upload) -> dict[str, Any]:
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
        for row in found.rows_named([near["path"]]):
            record = found.table.iloc[row]
            made.append(
                {
                    "label": record["label"],
                    "similarity": near["similarity"],
                    "thumb": address(found.name, row, str(record["digest"]), "thumb"),
                    "url": reverse("photo", args=(found.name, row)),
                }
            )
    return made


@require_safe
def preview(request: HttpRequest, identity: uuid.UUID) -> HttpResponse:
    """The copy of a visitor's photo."""
    path = path_of(identity)
    if not path.is_file():
        raise Refused(404, "This photo is no longer kept.")
    return _jpeg(path.read_bytes())


@require_safe
def heat(request: HttpRequest, identity: uuid.UUID) -> HttpResponse:
    """Where the network looked, laid over the photo."""
    upload = Upload.objects.filter(pk=identity).first()
    if upload is None or not path_of(identity).is_file():
        raise Refused(404, "This photo is no longer kept.")
    label = request.GET.get("label", "") or upload.answer["predicted"]
    return _jpeg(overlay(desks().get(upload.run), path_of(identity).read_bytes(), label))


def _jpeg(content: bytes) -> HttpResponse:
    response = HttpResponse(content, content_type="image/jpeg")
    response["Cache-Control"] = "private, max-age=86400, immutable"
    return response


@require_POST
def wrong(request: HttpRequest, identity: uuid.UUID) -> HttpResponse:
    """A visitor says that the answer is wrong, and perhaps what is right."""
    upload = Upload.objects.filter(pk=identity).first()
    if upload is None:
        raise Refused(404, "This photo is no longer kept.")
    label = request.POST.get("label", "")
    if label and label not in upload.answer["probabilities"]:
        raise Refused(422, "Choose one of the classes, or none of them.")
    report_for_review(upload, label)
    if request.headers.get("HX-Request") == "true":
        return render(request, "classify/thanks.html")
    results = [_card(upload)]
    context = {"thanks": True, "results": results, "kept": _kept(results)}
    return render(request, "classify/classify.html", _frame(request) | context)


def _kept(results: list[dict[str, Any]]) -> str:
    """What the page remembers of its answers, for the table: the photo's identity, or why there is no answer."""
    return json.dumps(
        [
            {"photo": str(card["upload"].id)} if "upload" in card else {"name": card["name"], "error": card["problem"]}
            for card in results
        ]
    )


@require_POST
def results_csv(request: HttpRequest) -> HttpResponse:
    """The answers to the photos on the page, in their order, with the columns of `sightline predict`."""
    try:
        asked = json.loads(request.POST.get("results") or "[]")
        identities = [uuid.UUID(entry["photo"]) if "photo" in entry else None for entry in asked]
        failed = [(str(entry.get("name", "")), str(entry.get("error", ""))) for entry in asked]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Refused(400, "The list of photos is damaged. Reload the page and ask again.") from None
    known = Upload.objects.in_bulk([identity for identity in identities if identity is not None])
    if not identities:
        return redirect("classify")
    classes = list(dict.fromkeys(name for upload in known.values() for name in upload.answer["probabilities"]))
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="sightline-results.csv"'
    writer = csv.writer(response, lineterminator="\n")
    writer.writerow(
        ["path", "predicted", "confidence", *(f"p_{name}" for name in classes), "set", "familiar", "decision", "error"]
    )
    for identity, (name, error) in zip(identities, failed, strict=True):
        upload = known.get(identity) if identity is not None else None
        if upload is None:
            reason = error[:300] or "no longer kept"
            writer.writerow([_cell(name[:120]), "", "", *("" for _ in classes), "", "", "", _cell(reason)])
            continue
        answer = upload.answer
        writer.writerow(
            [
                _cell(upload.name),
                answer["predicted"],
                answer["confidence"],
                *(answer["probabilities"].get(name, "") for name in classes),
                "|".join(answer["set"]),
                answer["familiar"],
                answer["decision"],
                "",
            ]
        )
    return response


def _cell(text: str) -> str:
    """A name that a spreadsheet would take for a formula stays text."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
