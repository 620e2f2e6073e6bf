"""What Prometheus reads."""

from __future__ import annotations

import re
from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from sightline.runs.folder import RunFolder


def _figures(client: Client) -> dict[str, float]:
    text = client.get("/metrics").content.decode()
    return {name: float(value) for name, value in re.findall(r"^(sightline_\S+) (\S+)$", text, re.M)}


def test_requests_are_counted_by_view_and_not_by_path(visitor: Client) -> None:
    name = 'sightline_requests_total{method="GET",status="404",view="run"}'
    before = _figures(visitor).get(name, 0.0)
    for path in ("/runs/zebra/", "/runs/gnu/"):
        assert visitor.get(path).status_code == 404
    after = _figures(visitor)
    assert after[name] == before + 2
    assert not any("zebra" in label or "gnu" in label for label in after if label.startswith("sightline_requests"))


def test_predictions_are_counted_and_nobody_stays_inside(run: Path, visitor: Client) -> None:
    folder = RunFolder(run)
    photo = folder.known_dataset().folder / folder.samples()["path"].iloc[0]
    before = _figures(visitor)["sightline_predictions_total"]
    upload = SimpleUploadedFile(photo.name, photo.read_bytes())
    assert visitor.post("/api/v1/predict", {"file": upload}).status_code == 200
    after = _figures(visitor)
    assert after["sightline_predictions_total"] == before + 1
    assert after["sightline_photos_inside"] == 0
