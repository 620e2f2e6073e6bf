"""What the page shows of an answer, and what it says that the model knows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from sightline.runs.folder import RunFolder
from sightline.web.classify.models import Upload


def _kept(run: Path, decision: str) -> Upload:
    classes = RunFolder(run).known_dataset().classes
    shares = {name: 1 / len(classes) for name in classes}
    answer = {
        "predicted": classes[0], "confidence": 0.43, "probabilities": shares, "set": list(classes[:2]),
        "familiar": decision != "unfamiliar", "decision": decision, "neighbours": [],
    }  # fmt: skip
    return Upload.objects.create(run=run.name, name="cat.jpg", answer=answer, width=8, height=8)


def test_what_is_unlike_everything_it_knows_leads_with_that(run: Path, db: None, visitor: Client) -> None:
    upload = _kept(run, "unfamiliar")
    page = visitor.post(f"/classify/{upload.id}/wrong", {}).content.decode()
    title = page[page.index("<h3>") : page.index("</h3>")]
    assert "Unlike the training photos" in title and upload.answer["predicted"] not in title and "43" not in title
    guess = page[page.index('class="guess"') :]
    assert upload.answer["predicted"] in guess[: guess.index("</p>")]


@pytest.mark.parametrize("decision", ["answer", "unsure"])
def test_otherwise_the_class_leads(decision: str, run: Path, db: None, visitor: Client) -> None:
    upload = _kept(run, decision)
    page = visitor.post(f"/classify/{upload.id}/wrong", {}).content.decode()
    assert upload.answer["predicted"] in page[page.index("<h3>") : page.index("</h3>")]


def test_the_page_says_what_the_model_knows(run: Path, visitor: Client) -> None:
    classes = RunFolder(run).known_dataset().classes
    page = visitor.get("/").content.decode()
    knows = page[page.index('id="knows"') :]
    knows = knows[: knows.index("</section>")]
    assert all(f"<span>{name}</span>" in knows for name in classes) and run.name in knows
    assert knows.count("<img") == len(classes)  # a photo of each
    rows = [int(part.split("/")[0]) for part in knows.split(f"/data/{run.name}/")[1:]]
    assert list(RunFolder(run).samples()["label"].iloc[rows]) == list(classes)


def test_the_photos_of_a_closed_dataset_are_not_shown(
    run: Path, visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "SIGHTLINE", replace(settings.SIGHTLINE, open_pages=False))
    page = visitor.get("/").content.decode()
    knows = page[page.index('id="knows"') :]
    assert "<img" not in knows[: knows.index("</section>")] and "tells" in knows
