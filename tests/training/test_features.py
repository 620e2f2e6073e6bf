"""Frozen features are computed once, and again as soon as anything that they depend on changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from sightline.data.preflight import preflight
from sightline.data.reading.sources import open_dataset
from sightline.models import engines, zoo
from sightline.models.engines import Engine
from sightline.models.folder import save_network
from sightline.system import cache
from sightline.training import features


@pytest.fixture
def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scenes: Path):
    """A network with weights, an engine that counts the photos it sees, pixels and digests."""
    torch.manual_seed(0)
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))
    save_file(
        zoo.build("resnet18", classes="ab", scratch=True, size=48).module.state_dict(), tmp_path / "w.safetensors"
    )
    network = zoo.build("resnet18", classes="abc", weights=tmp_path / "w.safetensors", size=48)
    dataset, pixels = preflight(open_dataset(scenes), 48)
    rows = np.arange(20)
    engine = engines.make("eager", network, batch=8)
    seen: list[int] = []
    inner = engine.run

    def run(batch: np.ndarray):
        seen.append(len(batch))
        return inner(batch)

    return network, Engine("eager", "cpu", 8, run), pixels.subset(rows), list(dataset.samples["digest"][:20]), seen


def test_the_second_time_nothing_is_computed(counted) -> None:
    network, engine, pixels, digests, seen = counted
    first = features.frozen_features(network, engine, pixels, digests)
    assert (first.shape, sum(seen)) == ((20, 512), 20)
    again = features.frozen_features(network, engine, pixels, digests)
    assert sum(seen) == 20
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first, engine(pixels.take(np.arange(20)))[0], atol=1e-5)


def test_other_photos_weights_or_engines_are_computed_afresh(counted) -> None:
    network, engine, pixels, digests, seen = counted
    features.frozen_features(network, engine, pixels, digests)
    features.frozen_features(network, engine, pixels, digests[::-1])
    assert sum(seen) == 40
    network.weights_digest = "0" * 64
    features.frozen_features(network, engine, pixels, digests)
    assert sum(seen) == 60
    features.frozen_features(network, Engine("channels-last", "cpu", 8, engine.run), pixels, digests)
    assert sum(seen) == 80


def test_random_weights_are_never_kept(counted) -> None:
    network, engine, pixels, digests, _ = counted
    network.weights_digest = ""
    features.frozen_features(network, engine, pixels, digests)
    assert not any(cache.folder("features").iterdir())


def test_a_damaged_file_is_computed_again(counted) -> None:
    network, engine, pixels, digests, seen = counted
    features.frozen_features(network, engine, pixels, digests)
    (kept,) = cache.folder("features").iterdir()
    kept.write_bytes(b"\x80\x04 not numpy")
    assert features.frozen_features(network, engine, pixels, digests).shape == (20, 512)
    assert sum(seen) == 40


def test_deep_features_are_kept_apart_from_the_plain_ones(counted, tmp_path: Path) -> None:
    _, _, pixels, digests, _ = counted
    save_network(zoo.build("resnet18", classes="ab", weights=tmp_path / "w.safetensors", size=48), tmp_path / "model")
    plain = features.features_from(tmp_path / "model", pixels, digests)
    deep = features.features_from(tmp_path / "model", pixels, digests, deep=True)
    assert (plain.shape[1], deep.shape[1]) == (512, 512 + 2 * (256 + 512))
    again = features.features_from(tmp_path / "model", pixels, digests, deep=True)
    np.testing.assert_array_equal(deep, again)
    assert len(list(cache.folder("features").iterdir())) == 2


def test_where_they_cannot_be_kept_they_are_computed_all_the_same(counted, capsys: pytest.CaptureFixture[str]) -> None:
    network, engine, pixels, digests, seen = counted
    (cache.root() / "features").write_text("a file where the folder should be")
    found = features.frozen_features(network, engine, pixels, digests)
    assert (found.shape, sum(seen)) == ((20, 512), 20)
    assert "The features are computed again next time, as they could not be kept" in capsys.readouterr().err
