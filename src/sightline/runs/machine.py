"""How a run uses the machine it is on: which engines, in which precision; and how fast that is."""

from __future__ import annotations

import time

import numpy as np
import torch

from sightline.config import Config, Machine, Phase
from sightline.models import autotune, engines
from sightline.models.learner import Learner
from sightline.models.learning import precision_for_learning
from sightline.models.network import Network
from sightline.models.trials import rate

TRAINED_SHARE = 0.7
"""Of the photos, where nothing else is known."""


def settle(config: Config, network: Network, sample: np.ndarray, photos: int) -> tuple[Config, Machine]:
    """Try what is fastest here for this network, or keep what the config already says.

    Args:
        config: the choices of the run; its `machine` wins where there is one.
        network: what will be trained.
        sample: (n, S, S, 3) uint8 photos to try it on.
        photos: how many the dataset has.

    Returns:
        The config with its machine, and the machine.

    Raises:
        UsageError: this machine has no such device.
    """
    if config.machine is not None:
        engines.device_of(config.machine.device)
        torch.set_num_threads(config.machine.threads)
        return config, config.machine
    device = engines.device_of(config.device)
    # Where a head alone is fitted, the answers too are made of the features: they are computed as exactly.
    exact = "float32" if config.fits_head_only else None
    engine = autotune.fastest_engine(network, sample, device=device, photos=photos, trained=False, precision=exact)
    machine = Machine(
        device=device,
        precision="float32",
        channels_last=not config.fits_head_only,
        engine=engine.name,
        threads=torch.get_num_threads(),
        evaluation_batch=engine.batch,
    )
    if not config.fits_head_only:
        machine = _for_learning(config, network, machine, sample, photos)
    return config.model_copy(update={"machine": machine}), machine


def _for_learning(config: Config, network: Network, machine: Machine, sample: np.ndarray, photos: int) -> Machine:
    """The machine with what only training needs: the precision, and the engine of the frozen layers."""
    last = [phase for phase in config.phases if phase.solver == "gradient"][-1]
    precision = precision_for_learning(network, sample, device=machine.device, train=last.train)
    machine = machine.model_copy(update={"precision": precision})
    if machine.device != "cpu":  # the photos would have to cross over to the processor and back
        return machine
    learner = _learner(config, network, machine, sample, last)
    if learner.halves is not None:
        frozen = autotune.fastest_engine(
            learner.halves.before, sample, device=machine.device, photos=round(config.epochs * photos * TRAINED_SHARE),
            trained=False, precision="float32" if precision == "float32" else None,
        )  # fmt: skip
        machine = machine.model_copy(update={"frozen": frozen.name, "frozen_batch": frozen.batch})
    return machine


def _learner(config: Config, network: Network, machine: Machine, sample: np.ndarray, phase: Phase) -> Learner:
    """One batch as the network will learn in this phase."""
    return Learner(
        network, sample, machine.device, phase.train,
        batch=config.batch_size, freeze_norm=config.freeze_norm, bfloat16=machine.precision == "bfloat16",
    )  # fmt: skip


def images_per_second(config: Config, network: Network, machine: Machine, sample: np.ndarray) -> tuple[float, float]:
    """How fast it learns, and how fast it looks, by trying.

    Args:
        config: the choices of the run; its last phase that takes gradient steps is tried.
        network: what will be trained; left as it is.
        machine: what the run was settled to.
        sample: (n, S, S, 3) uint8 photos to try it on.
    """
    engine = engines.make(machine.engine, network, machine.device, machine.evaluation_batch)
    photos = np.resize(sample, (config.batch_size, *sample.shape[1:]))
    look = rate(lambda: engine(photos), len(photos))
    phase = ([phase for phase in config.phases if phase.solver == "gradient"] or [Phase()])[-1]
    learner = _learner(config, network, machine, sample, phase)
    frozen = None
    if learner.halves is not None and machine.frozen:
        frozen = engines.make(machine.frozen, learner.halves.before, machine.device, machine.frozen_batch)
    taken = 0.0
    for _ in range(3):  # the first ones pay for setting up; the last counts
        started = time.perf_counter()
        if frozen is not None:
            frozen(photos)
        torch.autograd.backward(learner.loss())
        taken = time.perf_counter() - started
    return len(photos) / taken, look
