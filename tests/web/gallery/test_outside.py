"""A run that came from elsewhere may name any picture of this machine; none but its own photos are shown."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from sightline.runs.folder import RunFolder
from sightline.web.library import shelf


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A folder with a picture that is nobody's business."""
    folder = tmp_path / "home" / "ada" / "letters"
    folder.mkdir(parents=True)
    Image.new("RGB", (60, 40), "red").save(folder / "secret.jpg")
    return folder


@pytest.fixture
def handed(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other_models: None) -> Path:
    """A run that somebody handed over."""
    shutil.copytree(run, tmp_path / "runs" / "handed")
    monkeypatch.setattr(settings, "SIGHTLINE", replace(settings.SIGHTLINE, runs=tmp_path / "runs"))
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))  # no thumbnail of an earlier test
    shelf._seen.clear()
    return tmp_path / "runs" / "handed"


def _samples(run: Path, **first: Any) -> None:
    table = pd.read_parquet(run / "samples.parquet")
    for column, value in first.items():
        table[column] = table[column].astype(object)
        table.loc[0, column] = value
    table.to_parquet(run / "samples.parquet", index=False)


def _root(run: Path, root: Path) -> None:
    described = json.loads((run / "dataset.json").read_text()) | {"root": str(root)}
    (run / "dataset.json").write_text(json.dumps(described))


def _another_root(run: Path, private: Path) -> None:
    _root(run, private)
    _samples(run, path="secret.jpg")


def _the_whole_machine(run: Path, private: Path) -> None:
    _root(run, Path("/"))
    _samples(run, path=str(private / "secret.jpg").lstrip("/"))


def _upwards(run: Path, private: Path) -> None:
    _root(run, private / "photos")
    _samples(run, path="../secret.jpg")


def _absolute(run: Path, private: Path) -> None:
    _samples(run, path=str(private / "secret.jpg"))


def _by_a_link(run: Path, private: Path) -> None:
    photos = run / "photos"
    photos.mkdir()
    (photos / "mine.jpg").symlink_to(private / "secret.jpg")
    _root(run, photos)
    _samples(run, path="mine.jpg")


def _without_a_digest(run: Path, private: Path) -> None:
    _root(run, private)
    _samples(run, path="secret.jpg", digest="")


def _with_no_digest_at_all(run: Path, private: Path) -> None:
    _root(run, private)
    table = pd.read_parquet(run / "samples.parquet")
    table.loc[0, "path"] = "secret.jpg"
    table.drop(columns="digest").to_parquet(run / "samples.parquet", index=False)


_WAYS = (_another_root, _the_whole_machine, _upwards, _absolute, _by_a_link, _without_a_digest, _with_no_digest_at_all)


@pytest.mark.parametrize("way", _WAYS, ids=lambda way: way.__name__.strip("_"))
def test_no_picture_from_outside(
    way: Callable[[Path, Path], None], handed: Path, private: Path, visitor: Client
) -> None:
    way(handed, private)
    for kind in ("thumb", "photo"):
        answer = visitor.get(f"/data/handed/0/{kind}.jpg")
        assert answer.status_code in (404, 409), answer["Content-Type"]
        assert str(private).encode() not in answer.content
    assert visitor.get("/data/handed/0/heat.jpg").status_code in (404, 409)
    near = visitor.get("/data/handed/0/resembling")
    assert near.status_code in (404, 409) or b"<img" not in near.content


def test_its_own_photos_are_shown_wherever_they_lie(handed: Path, tmp_path: Path, visitor: Client) -> None:
    folder = RunFolder(handed)
    moved = tmp_path / "moved"
    shutil.copytree(folder.known_dataset().folder, moved)
    _root(handed, moved)
    assert visitor.get("/data/handed/0/photo.jpg").status_code == 200
    (moved / folder.samples()["path"].iloc[0]).write_bytes(b"another one")
    assert visitor.get("/data/handed/0/photo.jpg").status_code == 404


def test_a_report_that_is_a_link_is_not_shown(handed: Path, private: Path, visitor: Client) -> None:
    (private / "letter.txt").write_text("Dear Bo,")
    (handed / "report.html").unlink()
    (handed / "report.html").symlink_to(private / "letter.txt")
    answer = visitor.get("/runs/handed/report")
    assert answer.status_code == 404 and b"Dear" not in answer.content


@pytest.mark.parametrize("named", ["../{}", "{}", "a/../../{}", "a\0{}"])
def test_neighbours_from_outside_are_not_named(named: str, handed: Path, private: Path, visitor: Client) -> None:
    near = json.loads((handed / "extras" / "neighbours.json").read_text())
    near["paths"] = [named.format(private / "secret.jpg")] * len(near["paths"])
    (handed / "extras" / "neighbours.json").write_text(json.dumps(near))
    folder = RunFolder(handed)
    photo = (folder.known_dataset().folder / folder.samples()["path"].iloc[0]).read_bytes()
    answer = visitor.post("/api/v1/predict?run=handed", {"file": SimpleUploadedFile("a.jpg", photo)})
    assert answer.status_code == 200 and answer.json()["prediction"]["neighbours"] == []


def test_the_digest_of_a_thumbnail_is_no_way_in(handed: Path, private: Path, visitor: Client) -> None:
    """Who knows a picture's digest knows the picture; a wrong one is not taken for a file's name in the cache."""
    digest = sha256((private / "secret.jpg").read_bytes()).hexdigest()
    for odd in ("../../../etc/passwd", digest.upper(), digest[:-1], "é" * 64):
        _samples(handed, digest=odd)
        assert visitor.get("/data/handed/0/thumb.jpg").status_code == 404
