"""What a run settles before it starts: image size, network, and how much training fits into a time limit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from sightline.config import Config, Machine
from sightline.data.glimpse import guess_size
from sightline.data.table import Dataset
from sightline.errors import UsageError
from sightline.models import zoo
from sightline.models.folder import load_network, members_in
from sightline.models.network import Network, inherit
from sightline.runs.machine import TRAINED_SHARE, images_per_second
from sightline.system import words
from sightline.system.progress import note

_SCRATCH_SIZE = 150  # the side, in pixels, above which a small network from scratch gains little
_SIZES = (224, 192, 160, 128, 96, 64)
_FOLDED_SHARE = 0.85  # of the photos, shared out to the folds
_SPARE = 0.85  # of the time limit is planned; the rest is for what cannot be foreseen


def image_size(config: Config, dataset: Dataset) -> int | None:
    """The side in pixels at which to train; None: what the network was pretrained at.

    Raises:
        SightlineError: no photo can be read.
    """
    if config.img_size is None and config.scratch:
        return max(32, min(*guess_size(dataset), _SCRATCH_SIZE))
    return config.img_size


def build_network(config: Config, classes: Sequence[str], size: int | None) -> Network:
    """The network that `config` asks for, with a new head for `classes`.

    Raises:
        UsageError, SightlineError: as `zoo.build`; --from an ensemble.
    """
    torch.manual_seed(config.seed)  # the new layers start from random values
    weights = config.weights
    if config.continues and members_in(Path(config.continues) / "model") > 1:
        raise UsageError(
            f"--from {config.continues}: is an ensemble, whose networks have learned from every photo but the test"
            " ones: none is left to choose on. Train anew on all photos, without --from."
        )
    if config.continues and not weights:
        weights = f"{config.continues}/model"
    network = zoo.build(
        config.model, classes=classes, weights=weights, scratch=config.scratch, head=config.head,
        size=size, drop_rate=config.drop_rate,
    )  # fmt: skip
    network.fit = config.fit or "crop"
    if config.continues:
        earlier = load_network(f"{config.continues}/model")
        inherit(network, earlier)
        network.fit = config.fit or earlier.fit
    return network


def fit_to_time(config: Config, network: Network, machine: Machine, sample: np.ndarray, photos: int) -> Config:
    """Fewer epochs, or smaller images, so that the run ends within its time limit.

    Args:
        config: with a time limit.
        network: what will be trained, at the size of the plan.
        machine: what the run was settled to.
        sample: (n, S, S, 3) uint8 photos to try the speed on.
        photos: how many the dataset has.

    Raises:
        UsageError: the limit is too short even to fit a head on the smallest images.
    """
    assert config.time_limit is not None
    learn, look = images_per_second(config, network, machine, sample)
    views = 2 if config.tta == "flip" else 1
    most, folds = config.epochs, config.folds or 0
    # Each fold learns from all others; the features of the frozen network are computed once for all trainings.
    learned = (folds - 1) * _FOLDED_SHARE + (0.0 if config.ensemble else TRAINED_SHARE) if folds else TRAINED_SHARE
    looked = 1 + 0.6 * views * (folds if config.ensemble else 1) + (_FOLDED_SHARE * views if folds else 0.0)
    sizes = [network.size] + ([] if config.img_size else [size for size in _SIZES if size < network.size])
    for size in sizes:
        shrink = (network.size / size) ** 2  # the work goes with the pixels
        looking = photos * looked / (look * shrink)
        epoch = photos * learned / (learn * shrink)
        epochs = int((config.time_limit * _SPARE - looking) / epoch)
        if epochs >= min(1, most):
            if epochs >= most and size == network.size:
                return config
            kept = _shortened(config, min(epochs, most)).model_copy(update={"img_size": size})
            note(f"To end within {words.duration(config.time_limit)}: {kept.epochs} of {most} epochs at {size} pixels.")
            return kept
    raise UsageError(
        f"--time-limit {config.time_limit:g}s is too short for {photos:,} photos with {network.architecture} here."
        " Give more time, or use --recipe probe."
    )


def _shortened(config: Config, epochs: int) -> Config:
    """The same phases with `epochs` in all, shared out as they were; a phase left without epochs falls away."""
    share = epochs / config.epochs
    phases = [
        phase if phase.solver == "lbfgs" else phase.model_copy(update={"epochs": round(phase.epochs * share)})
        for phase in config.phases
    ]
    return config.model_copy(update={"phases": [p for p in phases if p.solver == "lbfgs" or p.epochs] or phases[-1:]})
