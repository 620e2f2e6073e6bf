"""The learning-rate range test: raise the rate at every step and watch the loss.

    found = search(network, config, data)      # the network is left as it was
    found.suggestion                           # 0.0021

After L. N. Smith, "Cyclical learning rates for training neural networks" (WACV 2017), with the smoothing and the two
rules of thumb that fastai made common: the rate at which the loss falls fastest, and a tenth of the rate at which the
loss is least.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F

from sightline.config import Config
from sightline.errors import SightlineError
from sightline.models.freezing import set_mode
from sightline.models.network import Network
from sightline.runs.prepare import Data
from sightline.system.progress import track
from sightline.training.batches import Preparation, generator, shuffled
from sightline.training.loop import learning

_STEADY = 0.9  # how much of the running mean each step keeps
_BLOWN_UP = 4.0  # the test ends when the smoothed loss is this many times its least
_SETTLING = 5  # the first steps, whose mean is of too few losses to trust


@dataclass(frozen=True)
class Found:
    """What a range test saw.

    Attributes:
        table: one row per step: lr, loss, smooth (the running mean of the losses).
        steepest: the rate at which the smoothed loss falls fastest.
        tenth: a tenth of the rate at which it is least.
        suggestion: the smaller of the two, rounded to two digits: a peak rate to begin with.
    """

    table: pd.DataFrame
    steepest: float
    tenth: float

    @property
    def suggestion(self) -> float:
        """See the class."""
        return float(f"{min(self.steepest, self.tenth):.1e}")

    def to_dict(self) -> dict[str, Any]:
        """What RUN/extras/lr_finder.json and --json hold: lr and loss (smoothed) for each step, and the suggestion."""
        return {
            "lr": self.table["lr"].tolist(),
            "loss": self.table["smooth"].tolist(),
            "suggestion": self.suggestion,
            "steepest": self.steepest,
            "tenth": self.tenth,
        }


def find(step: Callable[[float], float], lowest: float = 1e-6, highest: float = 1.0, steps: int = 100) -> Found:
    """Try rates from `lowest` to `highest`, evenly on a logarithmic scale, one for each call of `step`.

    Args:
        step: takes one optimiser step at the rate it is given, and returns the loss before it.
        lowest: first rate.
        highest: last rate; the test ends sooner when the loss blows up.
        steps: how many rates at most.

    Raises:
        SightlineError: the loss blew up before there was anything to see.
    """
    rates, losses, smooth = [], [], []
    mean, least = 0.0, math.inf
    with track("Trying learning rates", total=steps, unit="steps") as advance:
        for number, lr in enumerate(np.geomspace(lowest, highest, steps)):
            loss = step(float(lr))
            mean = _STEADY * mean + (1 - _STEADY) * loss
            unbiased = mean / (1 - _STEADY ** (number + 1))
            if not math.isfinite(unbiased) or (number >= _SETTLING and unbiased > _BLOWN_UP * least):
                break
            rates.append(float(lr))
            losses.append(loss)
            smooth.append(unbiased)
            least = min(least, unbiased)
            advance(1)
    if len(rates) <= 2 * _SETTLING:
        raise SightlineError(f"The loss blew up at rates near {lowest:g} already. Start the test from a lower rate.")
    table = pd.DataFrame({"lr": rates, "loss": losses, "smooth": smooth})
    bottom = max(int(np.argmin(smooth[_SETTLING:])) + _SETTLING, _SETTLING + 1)
    slope = np.gradient(np.asarray(smooth), np.log(rates))
    steepest = rates[_SETTLING + int(np.argmin(slope[_SETTLING : bottom + 1]))]
    return Found(table, steepest, rates[bottom] / 10)


def search(network: Network, config: Config, data: Data, *, device: str = "cpu", steps: int = 100) -> Found:
    """The range test for the last gradient phase of `config`, on a copy of the network, in float32.

    Args:
        network: left as it is.
        config: says what learns, and how.
        data: the photos; only those for training are looked at.
        device: cpu, cuda or mps.
        steps: rates to try.

    Raises:
        SightlineError: `config` has no phase that takes gradient steps, or the loss blows up at once.
    """
    phases = [phase for phase in config.phases if phase.solver == "gradient"]
    if not phases:
        raise SightlineError("This recipe only fits a head on features: there is no learning rate to find.")
    module = copy.deepcopy(network.module).to(device)
    optimiser = learning(module, config, phases[-1])
    set_mode(module, config.freeze_norm)
    prepare = Preparation(network, config, data, device)
    batches: list[np.ndarray] = []
    taken = 0

    def step(lr: float) -> float:
        nonlocal taken
        if not batches:
            batches.extend(shuffled(config, data, len(config.phases), taken))
        images, targets = prepare(batches.pop(), generator(config.seed, len(config.phases), taken))
        taken += 1
        for group in optimiser.param_groups:
            group["lr"] = lr * group["scale"]
        logits = module(images).float()
        loss = F.cross_entropy(logits, targets, prepare.class_weights, label_smoothing=config.label_smoothing)
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimiser.step()
        return loss.item()

    return find(step, steps=steps)
