"""What comes into the queue and what leaves it: findings, visitors' photos, decisions.csv, agreement."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from sightline.checks.decisions import read_decisions
from sightline.runs.folder import RunFolder
from sightline.web.classify.models import Upload
from sightline.web.library.shelf import Shelved
from sightline.web.review import claims
from sightline.web.review.agreement import standing
from sightline.web.review.export import decisions_csv, rows
from sightline.web.review.intake import bring, take_in
from sightline.web.review.models import Decision, Item


def _table(*found: tuple[str, str, float, str]) -> pd.DataFrame:
    columns = ["path", "check", "score", "suggested_label"]
    return pd.DataFrame(found, columns=columns).assign(flagged=True, label="a", twin="", detail="because")


def _decide(user: User, path: str, decision: str, label: str = "") -> None:
    item = Item.objects.get(path=path)
    Item.objects.filter(pk=item.pk).update(claimed_by=user)
    claims.decide(user, item.pk, decision, label, classes=("a", "b", "c"))


def test_several_findings_of_a_photo_are_one_question(db: None) -> None:
    bring("r", _table(("1.jpg", "label", 0.9, "b"), ("1.jpg", "quality", 0.7, ""), ("2.jpg", "leak", 0.8, "")))
    assert [(i.path, i.score, i.suggested) for i in Item.objects.order_by("-score")] == [
        ("1.jpg", 0.9, "b"),
        ("2.jpg", 0.8, ""),
    ]
    assert [reason["check"] for reason in Item.objects.get(path="1.jpg").reasons] == ["label", "quality"]


def test_a_new_audit_renews_the_queue_and_leaves_decisions_alone(db: None, person: User) -> None:
    bring("r", _table(("1.jpg", "label", 0.9, "b"), ("2.jpg", "label", 0.8, "b"), ("3.jpg", "label", 0.7, "b")))
    _decide(person, "1.jpg", "drop")
    bring("r", _table(("2.jpg", "label", 0.95, "c"), ("4.jpg", "label", 0.6, "b")))
    assert {item.path: item.suggested for item in Item.objects.all()} == {"1.jpg": "b", "2.jpg": "c", "4.jpg": "b"}
    assert Decision.objects.count() == 1


def test_findings_come_in_by_themselves_and_only_flagged_ones(run: Path, db: None) -> None:
    shelved = Shelved(run.name, RunFolder(run))
    take_in(shelved)
    take_in(shelved)
    samples = RunFolder(run).samples()
    assert set(Item.objects.values_list("path", flat=True)) == set(samples["path"].iloc[::3])


def test_decisions_csv_is_what_training_reads(run: Path, db: None, person: User, tmp_path: Path) -> None:
    take_in(Shelved(run.name, RunFolder(run)))
    classes = tuple(RunFolder(run).known_dataset().classes)
    for decision in ("keep", "relabel", "drop"):
        item = claims.claim(person, run.name)
        assert item is not None
        claims.decide(person, item.pk, decision, item.suggested, classes=classes)
    (tmp_path / "decisions.csv").write_text(decisions_csv(run.name))
    found = read_decisions(tmp_path / "decisions.csv")
    assert sorted(found["decision"]) == ["drop", "keep", "relabel"]


def test_most_voices_decide_and_a_tie_stays_out(db: None, person: User) -> None:
    bo, cy = User.objects.create_user("bo"), User.objects.create_user("cy")
    bring("r", _table(("1.jpg", "label", 0.9, "b"), ("2.jpg", "label", 0.8, "b")))
    for user, first, second in ((person, "keep", "drop"), (bo, "drop", "drop")):
        _decide(user, "1.jpg", first)
        _decide(user, "2.jpg", second)
    assert rows("r") == [("2.jpg", "drop", "a")]
    found = standing("r")
    assert (found.disputed, found.seen_twice, found.same_twice, found.dropped) == (1, 2, 1, 1)
    assert (found.with_audit, found.audited) == (3, 4)
    _decide(cy, "1.jpg", "keep")
    assert rows("r") == [("1.jpg", "keep", "a"), ("2.jpg", "drop", "a")]


def test_different_new_labels_disagree(db: None, person: User) -> None:
    bo = User.objects.create_user("bo")
    bring("r", _table(("1.jpg", "label", 0.9, "b")))
    _decide(person, "1.jpg", "relabel", "b")
    _decide(bo, "1.jpg", "relabel", "c")
    assert standing("r").disputed == 1 and rows("r") == []


def test_a_visitors_photo_reaches_the_reviewers_and_not_the_file(
    run: Path, visitor: Client, reviewer: Client, person: User
) -> None:
    folder = RunFolder(run)
    photo = folder.known_dataset().folder / folder.samples()["path"].iloc[5]
    card = visitor.post("/classify/one", {"photos": SimpleUploadedFile("mine.jpg", photo.read_bytes())})
    assert card.status_code == 200
    upload = Upload.objects.get()
    other = next(name for name in upload.answer["probabilities"] if name != upload.answer["predicted"])
    assert visitor.post(f"/classify/{upload.pk}/wrong", {"label": "no such class"}).status_code == 422
    assert visitor.post(f"/classify/{upload.pk}/wrong", {"label": other}).status_code == 200
    item = Item.objects.get(kind="visitor")
    assert (item.label, item.suggested) == (upload.answer["predicted"], other)
    Item.objects.filter(pk=item.pk).update(score=1.0)
    page = reviewer.get(f"/review/{run.name}/").content.decode()
    assert "Answered as" in page and f"/classify/{upload.pk}.jpg" in page
    sent = reviewer.post(f"/review/{run.name}/act", {"item": item.pk, "action": "relabel", "label": other})
    assert sent.status_code == 302
    assert decisions_csv(run.name) == "path,decision,label\n"  # it is no photo of the dataset


def test_a_damaged_findings_file_is_no_findings(run: Path, db: None, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    (copy / "findings.csv").write_bytes(b"\x00\xff not a table")
    take_in(Shelved("copy", RunFolder(copy)))
    assert not Item.objects.exists()


@pytest.mark.parametrize(
    "form", [{"action": "keep"}, {"action": "keep", "item": "x"}, {"action": "keep", "item": "9" * 30}]
)
def test_a_broken_form_is_refused(run: Path, reviewer: Client, form: dict[str, str]) -> None:
    assert reviewer.post(f"/review/{run.name}/act", form).status_code == 400
