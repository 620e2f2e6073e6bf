"""The same answers, the fastest way here: eager, channels-last, bfloat16, compiled or ONNX Runtime.

Which way is fastest depends on the network, the size and the machine, so the candidates are tried for about a second at
first use and the choice is remembered for each machine and network. A candidate whose answers leave the bounds below is
not used, however fast it is.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
import time
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.special import softmax

from sightline.errors import UsageError
from sightline.models import heads
from sightline.models.zoo import Network
from sightline.system import cache
from sightline.system.files import replacing, write_json

# Largest difference of a probability from eager float32, and the least share of equal labels.
BOUNDS = {"float32": (1e-4, 0.995), "bfloat16": (2e-2, 0.995)}
# Where the head is still random its labels mean nothing: the largest error of an embedding, relative to its length.
EMBEDDING_BOUNDS = {"float32": 1e-3, "bfloat16": 0.1}

# Compiling takes some seconds, exporting to ONNX one or two; where the rest takes less they cannot win them back.
_SECONDS_WORTH_SETTING_UP = 20.0
_MANY = 2000  # photos, from which on the choice is made and remembered apart
_SECONDS_PER_CANDIDATE = 0.2
_BATCHES = (8, 16, 32)  # photos at once, on a processor

Outputs = tuple[np.ndarray, np.ndarray]


class Forward(torch.nn.Module):
    """Photos as they lie in memory -> embedding and logits: preparing the pixels is part of the network."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.module: Any = network.module
        self.mean = torch.nn.Buffer(torch.tensor(network.mean).view(3, 1, 1) * 255, persistent=False)
        self.std = torch.nn.Buffer(torch.tensor(network.std).view(3, 1, 1) * 255, persistent=False)

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(n, S, S, 3) uint8 -> embedding (n, F), logits (n, K), both float32."""
        images = (pixels.permute(0, 3, 1, 2).float() - self.mean) / self.std
        hidden = self.module.forward_head(self.module.forward_features(images), pre_logits=True)
        logits = self.module.get_classifier()(hidden)
        return heads.embedding(hidden).float(), logits.float()


@dataclass
class Engine:
    """Runs a network over photos.

    Call it with (n, S, S, 3) uint8; it answers embedding (n, F) and logits (n, K), float32, batch by batch.
    """

    name: str
    device: str
    batch: int
    run: Callable[[np.ndarray], Outputs]

    @property
    def precision(self) -> str:
        """What it computes in: float32 or bfloat16."""
        return "bfloat16" if self.name.endswith("bfloat16") else "float32"

    def __call__(self, pixels: np.ndarray) -> Outputs:  # noqa: D102  (said above)
        parts = [self.run(pixels[i : i + self.batch]) for i in range(0, len(pixels), self.batch)]
        embeddings, logits = zip(*parts, strict=True)
        return np.concatenate(embeddings), np.concatenate(logits)


def device_of(wanted: str = "auto") -> str:
    """The torch device for `--device`: `auto` takes CUDA where there is one, else Apple's, else the CPU.

    Raises:
        UsageError: the device does not exist on this machine.
    """
    if wanted == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(1, device=wanted)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"--device {wanted}: this machine has no such device. Use --device cpu or auto.") from error
    return wanted


def candidates(device: str) -> tuple[list[str], list[str]]:
    """The engines to try on `device`: those that start at once, the reference first, and those that must be set up."""
    slow = {"cuda": ["compiled-bfloat16"], "cpu": ["onnxruntime"] if _has_onnxruntime() else []}
    return ["eager", "channels-last", "channels-last-bfloat16"], slow.get(device, [])


def make(name: str, network: Network, device: str = "cpu", batch: int = 16) -> Engine:
    """The engine of this name for `network`, which is moved to `device` and set to evaluation mode.

    Raises:
        UsageError: no engine has this name, or it needs an extra that is not installed.
    """
    module = Forward(network).to(device).eval()
    if name == "onnxruntime":
        return Engine(name, device, batch, _onnx_session(module, network))
    if name.startswith(("channels-last", "compiled")):
        module = module.to(memory_format=torch.channels_last)
    forward: Callable[..., Any] = torch.compile(module) if name.startswith("compiled") else module
    half = name.endswith("bfloat16")
    if name not in ("eager", "channels-last", "channels-last-bfloat16", "compiled", "compiled-bfloat16"):
        raise UsageError(f"engine {name}: there is none of this name.")

    def run(pixels: np.ndarray) -> Outputs:
        module.eval()  # training in between may have left it in its other mode
        # An exception of inference_mode's: tensors made under it cannot be trained on later. no_grad has no such edge.
        with torch.no_grad(), torch.autocast(device, torch.bfloat16) if half else nullcontext():
            embedding, logits = forward(torch.from_numpy(np.ascontiguousarray(pixels)).to(device, non_blocking=True))
        return embedding.cpu().numpy(), logits.cpu().numpy()

    return Engine(name, device, batch, run)


def choose(
    network: Network,
    sample: np.ndarray,
    *,
    device: str = "cpu",
    photos: int = 0,
    trained: bool = True,
    precision: str | None = None,
) -> Engine:
    """The fastest engine for `network` on this machine whose answers agree with eager float32.

    Args:
        sample: photos to try it on, (n, S, S, 3) uint8; agreement is checked on all of them, so give 200 or more
            where labels matter.
        device: cpu, cuda or mps.
        photos: how many looks at photos are to come; an engine that must be set up is only tried when they are many.
        trained: judge by probabilities and labels; otherwise by embeddings, since the head is new.
        precision: what was found to hold for these very weights, on photos that count; it is not judged again, and
            with float32 nothing coarser is tried.
    """
    alike = _agrees if trained and precision is None else _embeds_alike
    key = _key(network, device, photos, trained, precision)
    remembered = _remember().get(key)
    reference = make("eager", network, device)
    expected = functools.cache(lambda: reference(sample))

    def agrees(engine: Engine) -> bool:
        return alike(expected(), engine(sample), engine.precision)

    if remembered is not None:
        engine = make(remembered["engine"], network, device, int(remembered["batch"]))
        if engine.name == "eager" or precision is not None or agrees(engine):
            return engine
    fastest, speed = reference, _speed(reference, sample)
    at_once, set_up = candidates(device)
    for name in [*at_once[1:], *set_up]:
        if precision == "float32" and name.endswith("bfloat16"):
            continue
        pays = photos >= _MANY and (photos / speed > _SECONDS_WORTH_SETTING_UP or _is_set_up(name, network))
        if name in set_up and not pays:
            continue
        try:
            engine = make(name, network, device)
            tried = _speed(engine, sample)
        except Exception:  # compilers and exporters raise what they like; a network that they cannot take runs without
            if name not in set_up:
                raise
            continue
        if tried > speed * 1.03 and agrees(engine):
            fastest, speed = engine, tried
    for batch in _BATCHES if device == "cpu" else (64, 128, 256, 512):
        engine = Engine(fastest.name, device, batch, fastest.run)
        tried = _speed(engine, sample)
        if tried > speed * 1.05:
            fastest, speed = engine, tried
    _remember({key: {"engine": fastest.name, "batch": fastest.batch, "images_per_second": round(speed, 1)}})
    return fastest


def agreement(reference: np.ndarray, candidate: np.ndarray) -> tuple[float, float]:
    """Largest difference of a probability, and share of equal labels, between two sets of logits (n, K)."""
    a, b = (softmax(logits.astype(np.float64), axis=1) for logits in (reference, candidate))
    return float(np.abs(a - b).max()), float((a.argmax(1) == b.argmax(1)).mean())


def _agrees(expected: Outputs, found: Outputs, precision: str) -> bool:
    difference, equal = agreement(expected[1], found[1])
    most, least = BOUNDS[precision]
    return difference <= most and equal >= least


def _embeds_alike(expected: Outputs, found: Outputs, precision: str) -> bool:
    error = np.linalg.norm(found[0] - expected[0], axis=1) / np.linalg.norm(expected[0], axis=1).clip(1e-12)
    return bool(error.max() <= EMBEDDING_BOUNDS[precision])


def _speed(engine: Engine, sample: np.ndarray) -> float:
    """Photos a second on one batch, the best of a few repeats: other work on the machine only ever slows them."""
    batch = np.resize(sample, (engine.batch, *sample.shape[1:]))
    engine(batch)
    best, spent, repeats = float("inf"), 0.0, 0
    while spent < _SECONDS_PER_CANDIDATE or repeats < 2:
        started = time.perf_counter()
        engine(batch)
        taken = time.perf_counter() - started
        best, spent, repeats = min(best, taken), spent + taken, repeats + 1
    return len(batch) / best


def _has_onnxruntime() -> bool:
    from importlib.util import find_spec

    return all(find_spec(name) is not None for name in ("onnxruntime", "onnx", "onnxscript"))


def _onnx_session(module: Forward, network: Network) -> Callable[[np.ndarray], Outputs]:
    if not _has_onnxruntime():
        raise UsageError(
            "engine onnxruntime: install it with pip install 'sightline[export]', or choose another engine."
        )
    import onnxruntime

    path = _onnx_path(network)
    if not path.exists():
        with replacing(path) as temporary:
            to_onnx(module.cpu(), network.size, temporary)
    cache.touch(path)

    @functools.cache
    def session(photos: int | None) -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        if photos is not None:  # then the shapes in the graph are constants, and layers fuse that otherwise do not
            options.add_free_dimension_override_by_name("n", photos)
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(pixels: np.ndarray) -> Outputs:
        fitting = session(len(pixels) if len(pixels) in _BATCHES else None)
        embedding, logits = fitting.run(["embedding", "logits"], {"pixels": np.ascontiguousarray(pixels)})
        return embedding, logits

    return run


def _onnx_path(network: Network) -> Path:
    """Where the export of exactly these weights is kept."""
    state = hashlib.sha256(repr((network.mean, network.std)).encode())
    for value in network.module.state_dict().values():
        state.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return cache.folder("engines") / f"{network.architecture}-{network.size}-{state.hexdigest()[:24]}.onnx"


def _is_set_up(name: str, network: Network) -> bool:
    return name == "onnxruntime" and _onnx_path(network).exists()


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


def _key(network: Network, device: str, photos: int, trained: bool, precision: str | None) -> str:
    """What the choice depends on: the machine, the libraries, the network's shape, and whether set-up can pay."""
    processor = torch.cuda.get_device_name() if device == "cuda" else _processor()
    parts = (
        processor,
        os.cpu_count(),
        torch.get_num_threads(),
        torch.__version__,
        device,
        network.architecture,
        network.members,
        network.head,
        network.size,
        photos >= _MANY,
        trained,
        precision,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


def _processor() -> str:
    """The processor's model and what it can do; `platform` alone says only x86_64."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))


def _remember(new: dict[str, Any] | None = None) -> dict[str, Any]:
    """The remembered choices, with `new` ones added. A damaged file is started afresh: it only ever saves a second."""
    path = cache.folder("engines") / "choices.json"
    try:
        choices = json.loads(path.read_text())
    except (OSError, ValueError):
        choices = {}
    if new:
        choices.update(new)
        write_json(path, choices)
    return choices if isinstance(choices, dict) else {}
