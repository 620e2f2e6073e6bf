"""Features of a frozen backbone: computed once for each photo, and kept until something they depend on changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sightline.data.pixels import Pixels
from sightline.models import autotune, engines, stages, zoo
from sightline.models.engines import Engine
from sightline.models.network import Network
from sightline.system import cache
from sightline.system.files import replacing
from sightline.system.progress import track

_VERSION = 1  # raise it when the meaning of a kept file changes


def frozen_features(network: Network, engine: Engine, pixels: Pixels, digests: Sequence[str]) -> np.ndarray:
    """What the backbone makes of each photo.

    Kept under the weights, the preprocessing, the engine and the photos' digests; a network with random weights, which
    has no digest, is computed afresh.

    Args:
        network: its `module` must hold the weights that `weights_digest` names.
        engine: runs it.
        pixels: N photos.
        digests: the SHA-256 of each one's file, in the same order.

    Returns:
        (N, F) float32; memory-mapped where it was kept.
    """
    if not network.weights_digest:
        return _compute(engine, pixels)
    described = [_VERSION, network.weights_digest, network.architecture, network.settings, network.size, pixels.size]
    described += [network.mean, network.std, engine.name, engine.batch, network.head == "dense"]
    described += [pixels.fit] if pixels.fit != "crop" else []
    described += pixels.own_white
    key = hashlib.sha256(json.dumps([described, list(digests)]).encode()).hexdigest()[:32]
    path = cache.root() / "features" / f"{network.architecture}-{key}.npy"
    try:
        kept: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
        if kept.ndim == 2 and len(kept) == len(pixels) and kept.dtype == np.float32:
            cache.touch(path)
            return kept
    except (OSError, ValueError, EOFError, SyntaxError, TypeError):
        pass  # not there, or damaged: computed again below
    features = _compute(engine, pixels)
    with cache.sparing("The features are"):
        with replacing(cache.folder("features") / path.name) as temporary, open(temporary, "wb") as file:
            np.save(file, features, allow_pickle=False)
        cache.trim()
    return features


def features_from(
    weights: str | Path | None,
    pixels: Pixels,
    digests: Sequence[str],
    device: str = "auto",
    *,
    name: str | None = None,
    deep: bool = False,
) -> np.ndarray:
    """Features (N, F) of photos by a pretrained network.

    Args:
        weights: a file, a timm local folder or a run's model folder; None: the box, else the hub.
        pixels: N photos.
        digests: the SHA-256 of each one's file, in the same order.
        device: auto, cpu, cuda or mps.
        name: of the network; None: what the folder holds, else the network in the box.
        deep: those of its last two stages as well, over the photo and its mirror image (models/stages.py); they take
            twice as long.

    Raises:
        UsageError, SightlineError: as `zoo.build`.
    """
    network = zoo.build(name, classes=("one", "other"), weights=weights, size=pixels.size)
    if deep:
        network = stages.of(network)
    engine = autotune.fastest_engine(
        network, pixels.take(np.arange(min(64, len(pixels)))), device=engines.device_of(device), trained=False
    )
    return frozen_features(network, engine, pixels, digests)


def _compute(engine: Engine, pixels: Pixels) -> np.ndarray:
    features: np.ndarray | None = None
    with track("Features of the frozen network", len(pixels)) as advance:
        for start in range(0, len(pixels), engine.batch):
            rows = np.arange(start, min(start + engine.batch, len(pixels)))
            embedding, _ = engine(pixels.take(rows))
            if features is None:
                features = np.empty((len(pixels), embedding.shape[1]), dtype=np.float32)
            features[rows] = embedding
            advance(len(rows))
    assert features is not None, "there is at least one photo"
    return features
