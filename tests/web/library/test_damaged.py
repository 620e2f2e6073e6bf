"""A run whose files are damaged is one damaged row; every list and every other run is shown as ever."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from sightline.runs.folder import RunFolder
from sightline.web.library.choice import able, showing

Damage = Callable[[Path], None]


def _written(name: str, content: str | bytes) -> Damage:
    def damage(run: Path) -> None:
        (run / name).parent.mkdir(exist_ok=True)
        (run / name).write_bytes(content.encode() if isinstance(content, str) else content)

    return damage


def _changed(name: str, **changes: Any) -> Damage:
    def damage(run: Path) -> None:
        values = json.loads((run / name).read_text()) | changes
        (run / name).write_text(json.dumps(values))

    return damage


def _without(name: str, *columns: str) -> Damage:
    def damage(run: Path) -> None:
        table = pd.read_parquet(run / name).drop(columns=list(columns), errors="ignore")
        table.to_parquet(run / name, index=False)

    return damage


def _swapped(name: str, make: Callable[[Path], None]) -> Damage:
    """Something that is no file."""

    def damage(run: Path) -> None:
        (run / name).unlink()
        make(run / name)

    return damage


_DEEP = "[" * 100_000
_ROW = {
    "evaluation is a list": _written("evaluation.json", "[]"),
    "evaluation is a word": _written("evaluation.json", '"good"'),
    "evaluation is deep": _written("evaluation.json", _DEEP),
    "evaluation is no text": _written("evaluation.json", b"\xff\xfe\x00"),
    "accuracy is text": _changed("evaluation.json", accuracy="high"),
    "accuracy is NaN": _changed("evaluation.json", accuracy=float("nan")),
    "accuracy is over 1": _changed("evaluation.json", accuracy=93.1),
    "interval of three": _changed("evaluation.json", accuracy_ci95=[0.1, 0.2, 0.3]),
    "interval of words": _changed("evaluation.json", accuracy_ci95=["low", "high"]),
    "fewer than no photos": _changed("evaluation.json", n=-3),
    "classes figured in a list": _changed("evaluation.json", per_class=[1, 2]),
    "a class figured in a word": _changed("evaluation.json", per_class={"sea": "good"}),
    "calibration is endless": _changed("evaluation.json", ece=float("inf")),
    "dataset is a list": _written("dataset.json", "[]"),
    "dataset is deep": _written("dataset.json", '{"name":' + _DEEP),
    "classes are a number": _changed("dataset.json", classes=7),
    "config is deep": _written("config.yaml", "model: " + _DEEP),
    "config is a list": _written("config.yaml", "- 1\n- 2\n"),
    "config has options of another world": _written("config.yaml", "modell: resnet18\n"),
    "metrics are text": _written("metrics.csv", "no table\nat, all\n"),
    "metrics are nothing": _written("metrics.csv", ""),
    "metrics are no text": _written("metrics.csv", b"\xff\xfe\x00\x01"),
    "metrics are words": _written("metrics.csv", "phase,epoch,seconds,images_per_second\ntune,1,many,few\n"),
    "samples without columns": _without("samples.parquet", "path", "label", "split", "digest"),
    "samples are text": _written("samples.parquet", "path,label\n"),
    "samples are nothing": _written("samples.parquet", b""),
    "folds are a list": _written("extras/folds.json", "[]"),
    "folds without figures": _written("extras/folds.json", '{"ensemble": true}'),
}
_PAGES_ONLY = {
    "steps are words": _written("steps.csv", "phase,step,lr_max\ntune,1,high\n"),
    "steps are no text": _written("steps.csv", b"\xff\xfe\x00"),
    "predictions without columns": _without("predictions.parquet", "predicted", "confidence"),
    "predictions are text": _written("predictions.parquet", "path\n"),
    "findings without columns": _written("findings.csv", "photo,fault\na,b\n"),
    "findings are no text": _written("findings.csv", b"\xff\xfe\x00"),
    "findings are nothing": _written("findings.csv", ""),
    "findings in broken Parquet": _written("audit/findings.parquet", b"PAR1 no"),
    "neighbours are a list": _written("extras/neighbours.json", "[]"),
    "neighbours are numbers": _written("extras/neighbours.json", '{"paths": [1, 2], "labels": [3, 4]}'),
}
_LISTS = ("/", "/runs/", "/runs/?sort=ece", "/api/v1/runs", "/runs/compare")


@pytest.fixture
def beta(shelf_of_three: Path, person: User) -> Client:
    """Somebody who looks at three runs, of which one will be damaged."""
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    client.get("/runs/")  # what was known before must not hide what is there now
    return client


@pytest.mark.parametrize("damage", _ROW.values(), ids=_ROW)
def test_a_damaged_run_is_one_damaged_row(damage: Damage, beta: Client, shelf_of_three: Path) -> None:
    damage(shelf_of_three / "beta")
    for path in (*_LISTS, "/runs/beta/", "/runs/beta/live", "/api/v1/runs/beta"):
        answer = beta.get(path)
        assert answer.status_code == 200, (path, answer.content)
        assert str(shelf_of_three).encode() not in answer.content, path
    page = beta.get("/runs/").content.decode()
    assert page.count("damaged:") == 1 and "alpha" in page
    rows = {row["name"]: row for row in beta.get("/api/v1/runs").json()}
    assert set(rows) == {"alpha", "beta", "broken-off"}
    assert rows["beta"]["status"] == "damaged" and rows["beta"]["problem"].endswith((".", "?"))
    assert rows["alpha"]["status"] == "complete" and rows["alpha"]["problem"] == ""
    assert "damaged: " in beta.get("/runs/beta/").content.decode()
    for path in ("/data/beta/", "/review/beta/", "/api/v1/runs/beta/evaluation", "/api/v1/runs/beta/findings"):
        assert beta.get(path).status_code in (200, 409), path
    assert next(run.name for run in able()) == "alpha" and showing() is not None


@pytest.mark.parametrize("damage", _PAGES_ONLY.values(), ids=_PAGES_ONLY)
def test_damage_elsewhere_never_breaks_a_page(damage: Damage, beta: Client, shelf_of_three: Path) -> None:
    damage(shelf_of_three / "beta")
    for path in (
        *_LISTS,
        "/runs/beta/",
        "/runs/beta/live",
        "/review/beta/",
        "/review/beta/history",
        "/data/",
        "/review/",
    ):
        assert beta.get(path, follow=True).status_code == 200, path
    for path in ("/data/beta/", "/data/beta/0/", "/data/beta/0/resembling", "/api/v1/runs/beta/findings"):
        answer = beta.get(path)
        assert answer.status_code in (200, 409), path
        assert str(shelf_of_three).encode() not in answer.content, path


def test_the_newest_run_is_damaged_and_another_one_answers(beta: Client, shelf_of_three: Path) -> None:
    os.utime(shelf_of_three / "beta" / "model" / "sightline.json")
    (shelf_of_three / "beta" / "model" / "sightline.json").write_text("[]")
    folder = RunFolder(shelf_of_three / "alpha")
    root = json.loads((shelf_of_three / "alpha" / "dataset.json").read_text())["root"]
    photo = SimpleUploadedFile("a.jpg", (Path(root) / folder.samples()["path"].iloc[0]).read_bytes())
    answer = beta.post("/api/v1/predict", {"file": photo})
    assert answer.status_code == 200 and answer.json()["run"] != "beta"


def test_a_run_that_goes_away_while_it_is_read(beta: Client, shelf_of_three: Path) -> None:
    shutil.rmtree(shelf_of_three / "beta")
    assert beta.get("/runs/").status_code == 200
