"""A name and where its weights come from -> a network ready to learn these classes.

Any timm classification model goes that ends in one linear layer (`sightline models --all` lists the others with the
reason); our own (`models/nets.py`) are registered with timm too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from sightline.errors import SightlineError
from sightline.models import heads, sources
from sightline.models.catalogue import architecture_of, cannot_take, create
from sightline.models.network import Network
from sightline.models.sources import Source
from sightline.models.weights import read_weights, require_fit
from sightline.system.files import sha256


def build(
    name: str | None,
    *,
    classes: Sequence[str],
    weights: str | Path | None = None,
    scratch: bool = False,
    head: str = "linear",
    size: int | None = None,
    drop_rate: float = 0.0,
) -> Network:
    """A network with a new head for `classes`.

    Args:
        name: as `sources.resolve` takes it, like the next two.
        classes: class names in the order of the outputs.
        weights: a file or a folder; None: wherever they can be had.
        scratch: random weights, no download.
        head: linear, dense or regularised (models/heads.py).
        size: side of the photos in pixels; None: what the network was pretrained at.
        drop_rate: dropout before the classifier.

    Raises:
        UsageError: no such network, or the flags contradict each other.
        SightlineError: the weights cannot be had or do not fit.
    """
    source = sources.resolve(name, weights, scratch=scratch)
    settings = dict(source.settings)
    module = _create(source, settings, len(classes), drop_rate, size)
    cfg = module.pretrained_cfg
    pretrained_size = int(cfg["input_size"][-1])
    size = size or pretrained_size
    if cfg.get("fixed_input_size") and size != pretrained_size:
        settings["img_size"] = size
    network = Network(
        # Attached even when linear: weights for as many classes as ours would bring a head for other ones.
        module=heads.attach(module, head, len(classes), size),
        architecture=architecture_of(source.name),
        classes=tuple(classes),
        size=size,
        mean=tuple(cfg["mean"]),
        std=tuple(cfg["std"]),
        head=head,
        origin=source.origin,
        weights_digest=sha256(source.file) if source.file else "",
        settings=settings,
    )
    _try_size(network)
    return network


def _create(source: Source, settings: dict[str, Any], classes: int, drop_rate: float, size: int | None) -> Any:
    """The bare module, with the weights of the source in it."""
    if source.file is None:
        return create(source.name, settings, classes, drop_rate=drop_rate, size=size)
    state, start = read_weights(source.file), torch.get_rng_state()
    try:
        module = create(
            source.name, settings, classes, weights=state, preprocessing=source.preprocessing, drop_rate=drop_rate,
            size=size,
        )  # fmt: skip
    except SightlineError as error:
        raise SightlineError(f"{source.file}: {error}. Name the network that they belong to with --model.") from error
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(start)
        untouched = create(source.name, settings, classes, preprocessing=source.preprocessing, size=size)
    require_fit(source.file, state, module, untouched)
    return module


@torch.no_grad()
def _try_size(network: Network) -> None:
    """One blank photo through the network, so that a size that it cannot take fails now and in plain words."""
    module = network.module
    training = module.training
    module.eval()
    try:
        pre = module.forward_head(
            module.forward_features(torch.zeros(1, 3, network.size, network.size)), pre_logits=True
        )
        shape = tuple(heads.classify(module.get_classifier(), pre).shape)
    except Exception as error:  # whatever a network raises at a size that does not suit it
        own = int(module.pretrained_cfg["input_size"][-1])
        raise cannot_take(network.architecture, network.size, own, error) from error
    finally:
        module.train(training)
    if shape != (1, len(network.classes)):
        raise SightlineError(
            f"{network.architecture}: answers with shape {shape}; Sightline needs one score for each class."
        )
