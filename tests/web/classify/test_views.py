"""The Classify page without scripts, the table of answers, and what visitors say of them."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from sightline.runs.folder import RunFolder
from sightline.web.answering.service import desks
from sightline.web.classify.models import Upload
from sightline.web.classify.store import path_of
from sightline.web.review.models import VISITOR, Item


def _photos(run: Path, *rows: int) -> list[SimpleUploadedFile]:
    folder = RunFolder(run)
    root, paths = folder.known_dataset().folder, folder.samples()["path"]
    files = [root / paths.iloc[row] for row in rows]
    return [SimpleUploadedFile(file.name, file.read_bytes()) for file in files]


def _rows(client: Client, kept: Any) -> list[dict[str, str]]:
    answer = client.post("/classify/results.csv", {"results": kept})
    assert answer.status_code == 200 and "attachment" in answer["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def test_the_plain_form_and_its_table(run: Path, db: None, visitor: Client) -> None:
    files = _photos(run, 0, 60)
    files.insert(1, SimpleUploadedFile("=bad.jpg", b"nothing"))
    page = visitor.post("/classify/", {"photos": files})
    assert page.status_code == 200 and page.content.count(b"data-photo=") == 2
    kept = re.search('name="results" value="([^"]*)"', page.content.decode())
    assert kept is not None
    rows = _rows(visitor, html.unescape(kept.group(1)))
    assert [row["path"] for row in rows] == [files[0].name, "'=bad.jpg", files[2].name]  # no formula for a spreadsheet
    assert rows[1]["error"].endswith("photos are read here.") and not rows[1]["predicted"]
    for row in (rows[0], rows[2]):
        shares = [float(value) for name, value in row.items() if name.startswith("p_")]
        assert sum(shares) == pytest.approx(1) and float(row["confidence"]) == max(shares) and not row["error"]


def test_a_table_is_in_the_order_of_the_page(run: Path, db: None, visitor: Client) -> None:
    for file in _photos(run, 0, 40, 80):
        assert visitor.post("/classify/one", {"photos": file}).status_code == 200
    uploads = list(Upload.objects.order_by("-name"))
    rows = _rows(visitor, json.dumps([{"photo": str(upload.id)} for upload in uploads]))
    assert [row["path"] for row in rows] == [upload.name for upload in uploads]


@pytest.mark.parametrize("kept", ["{", "[1]", '{"a": 1}', '[{"photo": "x"}]', '[{"photo": 1}]', "[" * 5000])
def test_a_damaged_list_is_refused(kept: str, db: None, visitor: Client) -> None:
    assert visitor.post("/classify/results.csv", {"results": kept}).status_code == 400


def test_the_address_of_the_answers_leads_back(visitor: Client) -> None:
    assert visitor.get("/classify/").url == "/"


def test_no_photo_chosen(run: Path, visitor: Client) -> None:
    page = visitor.post("/classify/", {})
    assert page.status_code == 422 and b"Choose one or more photos first" in page.content


def test_what_is_shown_is_a_copy_under_a_random_name(run: Path, db: None, visitor: Client) -> None:
    file = _photos(run, 0)[0]
    visitor.post("/classify/one", {"photos": file})
    upload = Upload.objects.get()
    shown = visitor.get(f"/classify/{upload.id}.jpg")
    assert shown.content == path_of(upload.id).read_bytes() and "private" in shown["Cache-Control"]
    assert upload.name not in str(path_of(upload.id))
    assert visitor.get(f"/classify/{upload.id}/heat.jpg").status_code == 200
    path_of(upload.id).unlink()
    assert visitor.get(f"/classify/{upload.id}.jpg").status_code == 404


def test_a_visitor_calls_an_answer_wrong(run: Path, db: None, visitor: Client) -> None:
    visitor.post("/classify/one", {"photos": _photos(run, 0)[0]})
    upload = Upload.objects.get()
    other = next(name for name in upload.answer["probabilities"] if name != upload.answer["predicted"])
    assert visitor.post(f"/classify/{upload.id}/wrong", {"label": "no such class"}).status_code == 422
    page = visitor.post(f"/classify/{upload.id}/wrong", {"label": other})
    assert page.status_code == 200 and b"The reviewers will look at it" in page.content
    item = Item.objects.get()
    assert (item.kind, item.suggested, item.title) == (VISITOR, other, "a visitor's photo")


def test_too_late_is_504_and_full_is_503(run: Path, visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    batcher = desks().get(run.name).batcher
    with monkeypatch.context() as patch:
        patch.setattr(settings, "SIGHTLINE", replace(settings.SIGHTLINE, deadline=-1.0))
        _all_late(run, visitor)
    with batcher.admit(settings.SIGHTLINE.queue):
        full = visitor.post("/api/v1/predict", {"file": _photos(run, 0)[0]})
        assert visitor.get("/live").status_code == visitor.get("/ready").status_code == 200
    assert full.status_code == 503 and int(full["Retry-After"]) >= 1


def _all_late(run: Path, visitor: Client) -> None:
    late = visitor.post("/api/v1/predict", {"file": _photos(run, 0)[0]})
    assert late.status_code == 504 and late["Retry-After"] == "2" and "too long" in late.json()["detail"]
    page = visitor.post("/classify/one", {"photos": _photos(run, 0)[0]}, headers={"X-Fragment": "1"})
    assert page.status_code == 504 and b"That took too long" in page.content
