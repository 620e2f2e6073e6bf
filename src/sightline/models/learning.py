"""In which precision a network learns: bfloat16 where a training step is faster in it and comes to the same.

Answers have an engine of their own (`autotune.py`); what is fastest for looking at photos need not be for learning from
them, and errors that do not show in an answer may add up in a gradient.
"""

from __future__ import annotations

import json
import time
from typing import Literal

import numpy as np
import torch

from sightline.models import choices
from sightline.models.choices import Choice
from sightline.models.engines import computes_in_bfloat16
from sightline.models.learner import Learner
from sightline.models.network import Network
from sightline.models.trials import take_turns
from sightline.system.load import Neighbours

Precision = Literal["float32", "bfloat16"]

MOST_LOSS_ERROR = 0.02
"""Of the loss before the first step, relative to float32's."""
LEAST_PROGRESS = 0.9
"""How far the loss must fall over the steps of the trial, relative to how far it falls in float32."""

_BATCH = 8  # photos in a trial: enough to tell, few enough to be quick
_FASTER = 1.1  # bfloat16 must be, to be worth its rounding
_MOST_SECONDS = 6.0
_SECONDS_TO_LOOK = 0.2


def precision_for_learning(
    network: Network, sample: np.ndarray, *, device: str = "cpu", train: str | list[str] = "all"
) -> Precision:
    """The precision in which this network should learn on this machine.

    Args:
        network: left as it is.
        sample: photos to try it on, (n, S, S, 3) uint8.
        device: cpu, cuda or mps.
        train: what learns, as in a recipe's phase.

    Raises:
        UsageError: `train` matches nothing.
    """
    if not computes_in_bfloat16(device):
        return "float32"
    key = choices.key(network, device, "learning", json.dumps(train))
    remembered = choices.read().get(key)
    if remembered is not None and _stands(remembered):
        return "bfloat16" if remembered.name == "bfloat16" else "float32"
    exact, rough = (_ByHeart(network, sample, device, train, bfloat16=b) for b in (False, True))
    trials = take_turns({"float32": exact.step, "bfloat16": rough.step}, most_seconds=_MOST_SECONDS)
    faster = trials.fastest(_FASTER) == "bfloat16"
    name: Precision = "bfloat16" if faster and learns_alike(exact, rough) else "float32"
    speed = _BATCH / trials.seconds[name]
    choices.add(key, choices.make(network, "learning", device, name, _BATCH, speed, trials.under_load))
    return name


def _stands(choice: Choice) -> bool:
    """Whether a choice need not be made anew: it was made in quiet, or it is not quiet now."""
    if not choice.under_load:
        return True
    neighbours = Neighbours()
    time.sleep(_SECONDS_TO_LOOK)
    return neighbours.are_busy


class _ByHeart(Learner):
    """Learns the photos of its batch by heart, step by step."""

    def __init__(
        self, network: Network, sample: np.ndarray, device: str, train: str | list[str], *, bfloat16: bool
    ) -> None:
        super().__init__(network, sample, device, train, batch=_BATCH, bfloat16=bfloat16)
        self.parameters = [p for p in self.network.module.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(self.parameters, lr=1e-3)
        self.losses: list[float] = []
        self.norms: list[float] = []
        """Of the first step's gradient, for each parameter that learns."""

    def step(self) -> None:
        """One step; the same random numbers each time, for dropout and stochastic depth."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            loss = self.loss()
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        if not self.losses:
            self.norms = [float(p.grad.norm()) for p in self.parameters if p.grad is not None]
        self.optimiser.step()
        self.losses.append(loss.item())


def learns_alike(exact: _ByHeart, rough: _ByHeart) -> bool:
    """Whether bfloat16 starts from the same loss, has a gradient wherever float32 has one, and learns as much."""
    if not np.isfinite([*rough.losses, *rough.norms]).all():
        return False
    vanished = [here for here, there in zip(rough.norms, exact.norms, strict=True) if there > 0 and here == 0]
    begins_alike = abs(rough.losses[0] - exact.losses[0]) <= MOST_LOSS_ERROR * max(exact.losses[0], 1e-6)
    steps = min(len(exact.losses), len(rough.losses)) - 1
    fell, fell_roughly = (learner.losses[0] - learner.losses[steps] for learner in (exact, rough))
    return not vanished and begins_alike and fell_roughly >= LEAST_PROGRESS * fell
