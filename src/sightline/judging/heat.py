"""Why this answer? Where the network looked, and which training photos the photo resembles.

The heat map is a Grad-CAM-type map (Selvaraju et al. 2017) in the form that multiplies gradient and activation place by
place before summing over channels (HiResCAM; Draelos and Carin 2020): the same map for networks that end in average
pooling and one linear layer, truer ones for dense heads and for transformers. It follows the log-odds of the class,
so it shows what speaks for this class against all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from sightline.errors import SightlineError
from sightline.models import heads
from sightline.models.ensemble import parts
from sightline.models.network import Network
from sightline.predictor import Predictor
from sightline.runs.documents.extras import Neighbour, Neighbours
from sightline.system.documents import Document, Share, Text

_BATCH = 16


class Reason(Document):
    """Why a photo is answered as it is."""

    predicted: Text
    confidence: Share
    decision: Text
    familiar: Share | None
    """The share of validation photos that are no nearer to the training photos than this one; None: not known."""
    explained: Text
    """The class that `heat` speaks of."""
    heat: tuple[tuple[Share, ...], ...]
    """Rows of a grid, 0-1."""
    neighbours: tuple[Neighbour, ...]


class _Features(torch.nn.Module):
    """The part of a timm network that still knows where things are, as a layer that can be watched."""

    def __init__(self, module: Any) -> None:
        super().__init__()
        self.module = module

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.module.forward_features(images)
        return features


class _Odds(torch.nn.Module):
    """Images (n, 3, S, S) -> log-odds (n, K): each class against all others together."""

    def __init__(self, module: Any) -> None:
        super().__init__()
        self.parts = torch.nn.ModuleList(_Features(part) for part in parts(module))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        each = []
        for features in self.parts:
            module: Any = features.module
            hidden = module.forward_head(features(images), pre_logits=True)
            each.append(heads.classify(module.get_classifier(), hidden).float())
        logits = torch.stack(each).mean(dim=0)
        itself = torch.eye(logits.shape[1], dtype=torch.bool, device=logits.device)
        others = logits.unsqueeze(1).masked_fill(itself, -torch.inf).logsumexp(dim=2)
        odds: torch.Tensor = logits - others
        return odds


def heat(network: Network, pixels: ArrayLike, classes: ArrayLike) -> NDArray[np.float32]:
    """Where the network saw signs of a class.

    Args:
        network: any timm classification network with spatial features: convolutional, windowed or a transformer on
            patches. It is left as it was.
        pixels: (n, S, S, 3) uint8, prepared as in training.
        classes: (n,) the class number to explain for each photo.

    Returns:
        (n, h, w) in 0–1 on the network's own grid, each photo's hottest place 1; all 0 where nothing spoke for the
        class.

    Raises:
        SightlineError: the network keeps no grid of places.
    """
    photos, targets = np.asarray(pixels), torch.as_tensor(np.asarray(classes), dtype=torch.long)
    module: Any = network.module
    device = next(module.parameters()).device
    mean, std = (torch.tensor(values, device=device).view(3, 1, 1) * 255 for values in (network.mean, network.std))
    training, odds = module.training, _Odds(module.eval())
    owners, layers = zip(*_layers(odds), strict=True)
    found_in = []
    try:
        for start in range(0, len(photos), _BATCH):
            batch = torch.from_numpy(np.array(photos[start : start + _BATCH])).to(device)
            images = (batch.permute(0, 3, 1, 2).float() - mean) / std
            wanted = targets[start : start + _BATCH].to(device)
            with torch.enable_grad():
                products = _gradient_times_activation(odds, layers, images, wanted)
                grids = [_grid(owner, product) for owner, product in zip(owners, products, strict=True)]
                found = [_rectified(grid) for grid in grids if grid is not None]
                if not found:
                    (slope,) = torch.autograd.grad(_scores(odds, images.requires_grad_(True), wanted), images)
                    slope = slope.abs().sum(dim=1)
                    places = max(images.shape[-1] // 16, 2)
                    found = [torch.nn.functional.adaptive_avg_pool2d(slope, places).cpu().numpy()]
            found_in.append(_rectified(np.sum(found, axis=0)))
    finally:
        module.train(training)
    return np.concatenate(found_in)


def enlarge(heat: ArrayLike, size: int) -> NDArray[np.float32]:
    """Heat (n, h, w) to the size of the photos: (n, size, size), smooth between the grid's places."""
    planes = (Image.fromarray(plane) for plane in np.asarray(heat, dtype=np.float32))
    return np.stack([np.asarray(plane.resize((size, size), Image.Resampling.BILINEAR)) for plane in planes])


def hide(pixels: ArrayLike, heat: ArrayLike, share: float = 0.1) -> NDArray[np.uint8]:
    """The photos (n, S, S, 3) with their hottest `share` of pixels replaced by the photo's mean colour."""
    photos = np.array(pixels, dtype=np.uint8)
    size = photos.shape[1]
    count = round(share * size * size)
    large = enlarge(heat, size).reshape(len(photos), -1)
    for photo, hot in zip(photos, large, strict=True):
        # Ties, as on a cold map, go to the first pixels; a stable order keeps the answer the same everywhere.
        chosen = np.argsort(-hot, kind="stable")[:count]
        photo.reshape(-1, 3)[chosen] = photo.reshape(-1, 3).mean(axis=0).round().astype(np.uint8)
    return photos


def neighbours(
    predictor: Predictor, embeddings: ArrayLike, remembered: Neighbours, most: int = 4
) -> list[list[Neighbour]]:
    """The remembered training photos nearest to each photo.

    Args:
        predictor: whose familiarity remembers training photos.
        embeddings: (n, F) from the predictor.
        remembered: which photos those are.
        most: how many to name for each photo.

    Returns:
        For each photo up to `most` training photos, nearest first.
    """
    paths, labels = remembered.paths, remembered.labels
    if predictor.familiarity is None or len(paths) != len(predictor.familiarity.bank):
        return [[] for _ in np.asarray(embeddings)]
    vectors = np.asarray(embeddings, dtype=np.float32)
    vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    likeness = vectors @ predictor.familiarity.bank.astype(np.float32).T
    found = []
    for row in likeness:
        nearest = np.argsort(-row, kind="stable")[:most]
        found.append([Neighbour(path=paths[i], label=labels[i], similarity=float(row[i])) for i in nearest])
    return found


def explain(
    predictor: Predictor,
    pixels: ArrayLike,
    remembered: Neighbours | None = None,
    classes: ArrayLike | None = None,
    most: int = 4,
) -> list[Reason]:
    """The reasons for each answer.

    Args:
        pixels: (n, S, S, 3) uint8, prepared by the predictor.
        remembered: the training photos in the model's memory.
        classes: (n,) class numbers to explain; None: the ones predicted.
        most: how many training photos to show for each.

    Raises:
        SightlineError: the network keeps no grid of places, or gives no numbers.
    """
    photos = np.asarray(pixels)
    outputs = predictor.outputs(photos)
    if not np.isfinite(outputs.probabilities).all():
        raise SightlineError("The model gives no number for one of these photos: there is no answer to explain.")
    predicted = outputs.probabilities.argmax(axis=1)
    targets = predicted if classes is None else np.asarray(classes)
    maps = heat(predictor.network, photos, targets)
    memory = predictor.familiarity
    share = memory.share(memory.score(outputs.embeddings)).tolist() if memory else [None] * len(photos)
    near = neighbours(predictor, outputs.embeddings, remembered or Neighbours(), most)
    return [
        Reason(
            predicted=predictor.classes[predicted[i]],
            confidence=float(outputs.probabilities[i].max()),
            decision=str(outputs.decisions[i]),
            familiar=share[i],
            explained=predictor.classes[targets[i]],
            heat=tuple(tuple(row) for row in np.round(maps[i].astype(float), 3).tolist()),
            neighbours=tuple(near[i]),
        )
        for i in range(len(photos))
    ]


def _scores(odds: _Odds, images: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """The sum over the photos of the log-odds of their classes: its gradient is each photo's own."""
    total: torch.Tensor = odds(images).gather(1, classes.unsqueeze(1)).sum()
    return total


def _gradient_times_activation(
    odds: _Odds, layers: Sequence[torch.nn.Module], images: torch.Tensor, classes: torch.Tensor
) -> list[NDArray[np.float32]]:
    """What each layer gave for these photos, times the slope of the log-odds along it."""
    given: dict[torch.nn.Module, torch.Tensor] = {}

    def keep(layer: torch.nn.Module, _: Any, output: torch.Tensor) -> torch.Tensor:
        given[layer] = output
        return output.clone()  # what comes after may work in place

    handles = [layer.register_forward_hook(keep) for layer in layers]
    try:
        score = _scores(odds, images.requires_grad_(True), classes)
    finally:
        for handle in handles:
            handle.remove()
    activations = [given[layer] for layer in layers]
    slopes = torch.autograd.grad(score, activations)
    return [
        (slope * activation).detach().float().cpu().numpy()
        for slope, activation in zip(slopes, activations, strict=True)
    ]


def _layers(odds: _Odds) -> list[tuple[Any, torch.nn.Module]]:
    """The layers to watch, each with its network: the last one where places can still speak for a class, or every block
    of a transformer. The members of an ensemble are watched alike, and the map of each counts the same.
    """
    found: list[tuple[Any, torch.nn.Module]] = []
    for features in odds.parts:
        module: Any = features.module
        layers: list[torch.nn.Module] = []
        if getattr(module, "num_prefix_tokens", 0) and getattr(module, "global_pool", "") == "token":
            # Where a class token is read out, attention moves what it needs from the places, some of it in every block.
            layers = [getattr(block, "norm1", block) for block in getattr(module, "blocks", [])]
        found += [(module, layer) for layer in layers or [features]]
    return found


def _grid(module: Any, product: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Gradient times activation as a layer gave it -> (n, h, w), summed over channels; None where it has no grid."""
    if product.ndim == 4:
        last = (
            getattr(module, "output_fmt", "") == "NHWC" or product.shape[1] != module.num_features == product.shape[3]
        )
        return np.asarray(product.sum(axis=3 if last else 1), dtype=np.float32)
    if product.ndim == 3:
        places = product[:, int(getattr(module, "num_prefix_tokens", 0)) :].sum(axis=2)
        shape = getattr(getattr(module, "patch_embed", None), "grid_size", None)
        side = round(places.shape[1] ** 0.5)
        shape = tuple(shape) if shape and int(np.prod(shape)) == places.shape[1] else (side, side)
        if int(np.prod(shape)) == places.shape[1]:
            return np.asarray(places.reshape(len(places), *shape), dtype=np.float32)
    return None


def _rectified(grids: NDArray[np.float32]) -> NDArray[np.float32]:
    """Only what speaks for the class, each photo's hottest place 1."""
    signs = np.maximum(grids, 0)
    top = signs.max(axis=(1, 2), keepdims=True)
    return np.asarray(signs / np.where(top > 0, top, 1), dtype=np.float32)
