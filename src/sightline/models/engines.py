"""The same answers in several ways: eager, channels-last, bfloat16, compiled or ONNX Runtime.

Which of them is fastest here, and near enough to eager float32, `autotune.py` finds out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from sightline.errors import UsageError
from sightline.models import onnx_runtime
from sightline.models.network import Forward, Network

Outputs = tuple[np.ndarray, np.ndarray]

_PIXELS = 16 * 720**2  # in one batch, where nobody says how many photos that is


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
    unknown = UsageError(f"--device {wanted[:40]}: this machine has no such device. Use --device cpu or auto.")
    if not re.fullmatch(r"cpu|mps|cuda(:\d{1,3})?", wanted):
        raise unknown
    try:
        torch.empty(1, device=wanted)
    except (RuntimeError, AssertionError) as error:
        raise unknown from error
    return wanted


def candidates(device: str) -> tuple[list[str], list[str]]:
    """The engines to try on `device`: those that start at once, the reference first, and those that must be set up."""
    slow = {"cuda": ["compiled-bfloat16"], "cpu": ["onnxruntime"] if onnx_runtime.is_installed() else []}
    rough = ["channels-last-bfloat16"] if computes_in_bfloat16(device) else []
    return ["eager", "channels-last", *rough], slow.get(device, [])


def computes_in_bfloat16(device: str) -> bool:
    """Whether `device` has instructions for it: a processor without takes many times as long as in float32."""
    if not device.startswith("cpu"):
        return True
    return torch._C._has_mkldnn and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def make(name: str, network: Network, device: str = "cpu", batch: int = 0) -> Engine:
    """The engine of this name for `network`, which is moved to `device` and set to evaluation mode.

    Args:
        name: one of `candidates`, or compiled.
        network: what to run.
        device: cpu, cuda or mps.
        batch: photos at once; 0: 16, and fewer where photos are so large that they would fill the memory.

    Raises:
        UsageError: no engine has this name, or it needs an extra that is not installed.
    """
    batch = batch or max(1, min(16, _PIXELS // network.size**2))
    module = Forward(network).to(device).eval()
    if name == "onnxruntime":
        return Engine(name, device, batch, onnx_runtime.runner(module, network))
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
