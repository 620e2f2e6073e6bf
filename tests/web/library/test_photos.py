"""The table of photos: filters, orders, and pages by key."""

from __future__ import annotations

import io
import time
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from django.test import Client
from PIL import Image

from deep_pictures import png
from sightline.runs.documents.dataset import DatasetFacts
from sightline.runs.folder import RunFolder
from sightline.web.library.findings import Found
from sightline.web.library.photos import Filter, Photos, photos
from sightline.web.library.pictures import picture
from sightline.web.library.shelf import Shelved
from sightline.web.replies import Refused


def _large(count: int, monkeypatch: pytest.MonkeyPatch) -> Photos:
    """A dataset of `count` photos that exist only as rows."""
    rng = np.random.default_rng(0)
    path = [f"class{i % 7}/{i:06d}.jpg" for i in rng.permutation(count)]
    label = [text.split("/")[0] for text in path]
    split = rng.choice(["train", "val", "test"], count, p=[0.5, 0.2, 0.3])
    samples = pd.DataFrame(
        {"path": path, "label": label, "split": split, "digest": [f"{i:064x}" for i in range(count)]}
    )
    asked = samples[samples["split"] != "train"]
    predictions = asked[["path", "split", "label"]].assign(
        predicted=rng.choice([f"class{i}" for i in range(7)], len(asked)), confidence=rng.random(len(asked)).round(3)
    )
    folder: Any = SimpleNamespace(
        dataset=lambda: DatasetFacts(name="large", root="/nowhere", classes=tuple(sorted(set(label)))),
        samples=lambda: samples,
        predictions=lambda: predictions,
        path=Path("/nowhere"),
    )
    found = pd.DataFrame(
        {
            "path": path[: count // 10], "check": "label", "score": rng.random(count // 10), "flagged": True, "label":
            "", "suggested_label": "", "twin": "", "detail": "",
        }
    )  # fmt: skip
    monkeypatch.setattr("sightline.web.library.photos.findings", lambda run: Found(found))
    return Photos(Shelved("large", folder))


@pytest.mark.parametrize("sort", ["path", "unsure", "finding"])
@pytest.mark.parametrize("wanted", [{}, {"split": "test", "outcome": "wrong"}, {"finding": "any"}, {"text": "7"}])
def test_pages_hold_every_matching_photo_once_in_order(
    sort: str, wanted: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = _large(2000, monkeypatch)
    asked = Filter(sort=sort, **wanted)
    seen: list[int] = []
    after, more = None, True
    while more:
        rows, total, more = table.page(asked, after, 37)
        seen += rows
        after = rows[-1]
    assert sorted(seen) == list(np.flatnonzero(table.mask(asked))) and len(seen) == total
    places = table._place[sort][seen]
    assert (np.diff(places) > 0).all()
    if sort == "path":
        assert list(table.table["path"].iloc[seen]) == sorted(table.table["path"].iloc[seen])
    if sort == "unsure":
        assert table.table["confidence"].iloc[seen].fillna(2.0).is_monotonic_increasing
    if sort == "finding":
        assert (np.diff(table.worst[seen]) <= 0).all()


def test_a_page_is_empty_behind_the_last_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    table = _large(100, monkeypatch)
    rows, _, _ = table.page(Filter(), None, 100)
    assert table.page(Filter(), rows[-1], 10) == ([], 100, False)
    assert table.page(Filter(), 10**9, 10)[0] == rows[:10]  # a photo that is not there: from the start


def test_filters_mean_what_they_say(run: Path) -> None:
    table = photos(Shelved(run.name, RunFolder(run)))
    wrong = table.table[table.mask(Filter(outcome="wrong"))]
    assert (wrong["predicted"] != wrong["label"]).all()
    untold = table.table[table.mask(Filter(outcome="none"))]
    assert set(untold["split"]) == {"train"}
    low = table.table[table.mask(Filter(confidence="low"))]
    assert (low["confidence"] < 0.5).all()
    assert table.mask(Filter(finding="label")).sum() == len(table._flagged_rows)
    assert not table.mask(Filter(finding="quality")).any()  # it was found, but not flagged


def test_a_path_that_leads_out_is_refused(run: Path) -> None:
    table = Photos(Shelved(run.name, RunFolder(run)))
    for path in ("../../etc/passwd", "/etc/passwd"):
        table.table.loc[0, "path"] = path
        with pytest.raises(Refused, match="leads out"):
            table.file(0)


def test_pictures_are_made_once_and_never_the_file_itself(run: Path, visitor: Client, own_cache: Path) -> None:
    first = visitor.get(f"/data/{run.name}/3/thumb.jpg")
    assert first.status_code == 200 and first["Content-Type"] == "image/jpeg" and "immutable" in first["Cache-Control"]
    folder = RunFolder(run)
    digest = folder.samples()["digest"].iloc[3]
    kept = own_cache / "thumbnails" / digest[:2] / f"{digest}-256.jpg"
    assert kept.read_bytes() == first.content
    assert (folder.known_dataset().folder / folder.samples()["path"].iloc[3]).read_bytes() != first.content
    for address in ("thumb.jpg?", "photo.jpg"):
        assert visitor.get(f"/data/{run.name}/3/{address}").status_code == 200
    for address in ("9999999/thumb.jpg", "3/other.jpg"):
        assert visitor.get(f"/data/{run.name}/{address}").status_code == 404


def test_pictures_of_another_white_are_others(tmp_path: Path, own_cache: Path) -> None:
    content = png(np.linspace(0, 2000, 64 * 80).astype(np.uint16).reshape(64, 80))
    (tmp_path / "x.png").write_bytes(content)
    digest = sha256(content).hexdigest()
    bright, dim = (picture(tmp_path / "x.png", digest, "thumb", white=white) for white in (4095, 16383))
    means = [np.asarray(Image.open(io.BytesIO(each))).mean() for each in (bright, dim, bright)]
    assert means[0] > 3 * means[1]
    assert picture(tmp_path / "x.png", digest, "thumb", white=4095) == bright
    assert (own_cache / "thumbnails" / digest[:2] / f"{digest}-256-4095.jpg").read_bytes() == bright


def test_a_photos_page(run: Path, visitor: Client) -> None:
    page = visitor.get(f"/data/{run.name}/0/").content.decode()
    samples = RunFolder(run).samples()
    assert samples["path"].iloc[0] in page and "Findings" in page and "the network sees" in page
    near = visitor.get(f"/data/{run.name}/0/resembling").content.decode()
    assert near.count("alike") == 6
    assert visitor.get(f"/data/{run.name}/0/heat.jpg").content.startswith(b"\xff\xd8")


@pytest.mark.prove
def test_100_000_photos_page_smoothly(monkeypatch: pytest.MonkeyPatch) -> None:
    table = _large(100_000, monkeypatch)
    after, times = None, []
    for _ in range(200):
        started = time.perf_counter()
        rows, _, _ = table.page(Filter(sort="unsure", outcome="wrong"), after)
        times.append(time.perf_counter() - started)
        after = rows[-1]
    p50, p95 = 1000 * np.quantile(times, (0.5, 0.95))
    print(f"a page of 100,000 photos: median {p50:.1f} ms, p95 {p95:.1f} ms")
    assert len(times) == 200
