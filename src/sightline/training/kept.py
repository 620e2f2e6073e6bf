"""What frozen layers made of many photos, in one file of the cache, read from there batch by batch.

As bfloat16, which halves the room and leaves the 8 bits that a next layer needs; mapped, so that only what a step asks
for is in memory. A file is named after all that its values depend on, so another run of the same kind finds it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sightline.models import onnx_runtime
from sightline.models.cut import Cut
from sightline.models.engines import Engine
from sightline.runs.prepare import Data
from sightline.system import cache
from sightline.system.files import replacing
from sightline.system.progress import track

_VERSION = 1  # raise it when the meaning of a kept file changes
_SHARE = 0.25  # of the cache's limit that one file may take


class KeptMaps:
    """(n, *shape) bfloat16, on disk."""

    def __init__(self, path: Path, count: int, shape: tuple[int, ...]) -> None:
        self._values: np.memmap[Any, np.dtype[np.int16]] = np.memmap(path, np.int16, "r", shape=(count, *shape))

    def take(self, rows: np.ndarray) -> torch.Tensor:
        """(len(rows), *shape) bfloat16, in memory."""
        return torch.from_numpy(np.ascontiguousarray(self._values[rows])).view(torch.bfloat16)

    @classmethod
    def made(cls, what: str, halves: Cut, count: int, words: str, batches: Iterable[torch.Tensor]) -> KeptMaps | None:
        """Those that are kept under `what`, or computed now.

        Args:
            what: from `described`.
            halves: says the shape.
            count: photos.
            words: for the person who waits.
            batches: computes them, in order; not touched where they are kept.

        Returns:
            None where they would take too much of the cache: that depends on its limit alone, so that a run which is
            gone on with takes the same way again.

        Raises:
            SightlineError: the cache cannot be written, or its disk is full.
        """
        size = count * halves.values * 2
        path = cache.root() / "views" / f"{halves.before.architecture}-{what}.bf16"
        if path.exists() and path.stat().st_size == size:
            cache.touch(path)
            return cls(path, count, halves.shape)
        if size > _SHARE * cache.limit():
            return None
        cache.folder("views")
        with replacing(path) as temporary, open(temporary, "wb") as file, track(words, count) as advance:
            for maps in batches:
                file.write(maps.bfloat16().contiguous().view(torch.int16).numpy().tobytes())
                advance(len(maps))
        cache.trim()
        return cls(path, count, halves.shape)


def described(halves: Cut, engine: Engine, data: Data, rows: np.ndarray, *more: object) -> str:
    """A name for what frozen layers make of photos: a digest of all that it depends on.

    Args:
        halves: the frozen layers, their weights included.
        engine: runs them.
        data: the photos.
        rows: which of them.
        more: how they are augmented, if they are.
    """
    digests = [data.digests[row] for row in rows]
    weights = onnx_runtime.state_of(halves.before)
    facts = [_VERSION, weights, halves.before.architecture, halves.before.settings, halves.before.size, data.pixels.fit]
    facts += data.pixels.own_white
    return hashlib.sha256(
        json.dumps([*facts, engine.name, engine.batch, digests, *more], default=str).encode()
    ).hexdigest()[:32]
