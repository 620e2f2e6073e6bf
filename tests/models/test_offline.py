"""What is in the box is listed with figures that were seen, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from sightline.models import autotune, box, engines, offline

pytestmark = pytest.mark.skipif(not box.installed(), reason="the weights in the box are not installed")


def test_each_network_has_its_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path))
    monkeypatch.setattr(box, "installed", lambda: [box.BOX[0]])
    monkeypatch.setattr(autotune, "fastest_engine", lambda network, *_, **__: engines.make("eager", network, batch=2))
    (row,) = offline.describe("cpu")
    assert (row["name"], row["size"], row["accuracy"]) == ("tf_efficientnet_lite0", 224, box.BOX[0].accuracy)
    assert row["parameters"] == 3_371_008  # of 4.7 million, 1.3 are the classifier of a thousand classes
    assert 10 < row["megabytes"] < 30
    assert row["images_per_second"] > 0
