"""A network by ONNX Runtime: exported once for exactly these weights, and kept in the cache."""

from __future__ import annotations

import functools
import hashlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sightline.errors import UsageError
from sightline.models.network import Forward, Network
from sightline.system import cache
from sightline.system.files import replacing

BATCHES = (8, 16, 32)
"""Photos at once that get a graph of constant shapes."""


def is_installed() -> bool:
    """Whether it is there: it comes with Sightline, but not every platform has it."""
    from importlib.util import find_spec

    return all(find_spec(name) is not None for name in ("onnxruntime", "onnx"))


def runner(module: Forward, network: Network) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """What answers (n, S, S, 3) uint8 with embedding (n, F) and logits (n, K).

    Raises:
        UsageError: it is not installed.
    """
    if not is_installed():
        raise UsageError("engine onnxruntime: install it with pip install onnx onnxruntime, or choose another engine.")
    import onnxruntime

    path = path_of(network)
    if not path.exists():
        with replacing(path) as temporary:
            to_onnx(module.cpu(), network.size, temporary)
    cache.touch(path)

    @functools.cache
    def session(photos: int | None) -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        # As torch's do: threads that spin while they wait take a core from whoever else needs it, our decoders too.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if photos is not None:  # then the shapes in the graph are constants, and layers fuse that otherwise do not
            options.add_free_dimension_override_by_name("n", photos)
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        fitting = session(len(pixels) if len(pixels) in BATCHES else None)
        embedding, logits = fitting.run(["embedding", "logits"], {"pixels": np.ascontiguousarray(pixels)})
        return embedding, logits

    return run


def path_of(network: Network) -> Path:
    """Where the export of exactly these weights is kept."""
    return cache.folder("engines") / f"{network.architecture}-{network.size}-{state_of(network)[:24]}.onnx"


def state_of(network: Network) -> str:
    """A digest of the weights as they are now, and of how pixels are scaled for them."""
    state = hashlib.sha256(repr((network.mean, network.std)).encode())
    for value in network.module.state_dict().values():
        state.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return state.hexdigest()


def to_onnx(module: Forward, size: int, path: Path) -> None:
    """Write `module` as one ONNX file: pixels (n, S, S, 3) uint8 -> embedding, logits; n is free.

    By tracing, which takes a tenth of the time that torch.export takes; the file only has to serve this machine, and
    its answers are compared before it is used. `sightline export` writes files to keep.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own deprecated internals
        torch.onnx.export(
            module,
            (torch.zeros(2, size, size, 3, dtype=torch.uint8),),
            str(path),
            dynamo=False,
            input_names=["pixels"],
            output_names=["embedding", "logits"],
            dynamic_axes={name: {0: "n"} for name in ("pixels", "embedding", "logits")},
            opset_version=18,
        )
