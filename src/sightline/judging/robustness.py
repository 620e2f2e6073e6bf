"""The same test photos, made worse: what blur, noise, hard compression, the dark and a crooked camera cost.

Five kinds of damage at three strengths each, in the spirit of ImageNet-C (Hendrycks and Dietterich 2019) but with the
strengths a phone or a web page really gives. Photos are damaged at the size the network sees.
"""

from __future__ import annotations

import io
import time
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageFilter

from sightline.data.pixels import Pixels
from sightline.predictor import Predictor
from sightline.runs.documents.extras import Damaged, Robustness
from sightline.system.progress import track
from sightline.trust.intervals import paired_bootstrap, wilson

STRENGTHS = ("mild", "medium", "strong")
DAMAGES: dict[str, tuple[float, float, float]] = {
    "blur": (0.004, 0.01, 0.02),  # standard deviation of the Gaussian as a share of the side
    "noise": (10, 25, 50),  # standard deviation in grey levels of 0–255
    "JPEG": (40, 20, 10),  # quality
    "darkening": (0.6, 0.35, 0.15),  # what is left of the light
    "rotation": (5, 10, 20),  # degrees
}
_CHUNK = 64
_FEWEST = 60


def robustness(
    predictor: Predictor, pixels: Pixels, truth: ArrayLike, *, most: int = 1000, seconds: float = 30, seed: int = 0
) -> Robustness:
    """Accuracy on damaged photos.

    Args:
        predictor: the model.
        pixels: the test photos at the predictor's size.
        truth: (n,) class numbers.
        most: photos looked at, drawn by `seed`.
        seconds: about how long it may take; fewer photos are drawn where the network is slow, never below 60.
        seed: of the drawing and the damage.
    """
    y = np.asarray(truth)
    order = np.random.default_rng(seed).permutation(len(y))
    tried = order[:_CHUNK]
    _right(predictor, pixels.take(tried), y[tried])  # the first pass is slower than all that follow
    started = time.monotonic()
    _right(predictor, pixels.take(tried), y[tried])
    passes = 1 + sum(len(settings) for settings in DAMAGES.values())
    affordable = seconds / max(time.monotonic() - started, 1e-6) * len(tried) / passes
    rows = np.sort(order[: min(len(order), most, max(_FEWEST, int(affordable)))])
    taken, y = pixels.take(rows), y[rows]
    clean_right = _right(predictor, taken, y)
    found = []
    with track("Testing on blurred, dark and crooked copies", (passes - 1) * len(rows)) as advance:
        for change, settings in DAMAGES.items():
            for strength, setting in zip(STRENGTHS, settings, strict=True):
                parts = []
                for start in range(0, len(rows), _CHUNK):
                    part = slice(start, start + _CHUNK)
                    seeds = seed + rows[part]
                    worse = np.stack(
                        [damage(photo, change, setting, n) for photo, n in zip(taken[part], seeds, strict=True)]
                    )
                    parts.append(_right(predictor, worse, y[part]))
                    advance(len(worse))
                right = np.concatenate(parts)
                lost, low, high = paired_bootstrap(right, clean_right)
                found.append(
                    Damaged(
                        change=change,
                        strength=strength,
                        setting=setting,
                        accuracy=float(right.mean()),
                        accuracy_ci95=wilson(int(right.sum()), len(right)),
                        lost=lost,
                        lost_ci95=(low, high),
                    )
                )
    return Robustness(
        n=len(rows),
        clean=float(clean_right.mean()),
        clean_ci95=wilson(int(clean_right.sum()), len(clean_right)),
        rows=tuple(found),
    )


def damage(photo: NDArray[np.uint8], change: str, setting: float, seed: int = 0) -> NDArray[np.uint8]:
    """One photo (S, S, 3) uint8 made worse; the same again for the same `seed`.

    Args:
        change: one of DAMAGES. setting: how much; see there.
    """
    if change == "noise":
        grain = np.random.default_rng(seed).normal(0, setting, photo.shape)
        return np.clip(np.rint(photo + grain), 0, 255).astype(np.uint8)
    if change == "darkening":
        dark: NDArray[np.uint8] = np.rint(photo * setting).astype(np.uint8)
        return dark
    image = Image.fromarray(photo)
    if change == "blur":
        return np.asarray(image.filter(ImageFilter.GaussianBlur(setting * len(photo))))
    if change == "JPEG":
        file = io.BytesIO()
        image.save(file, "JPEG", quality=int(setting))
        return np.asarray(Image.open(file).convert("RGB"))
    if change == "rotation":
        # The corners show the mirrored photo: black wedges would be a second, unasked damage.
        margin = len(photo) // 4 + 1
        wide = Image.fromarray(np.pad(photo, ((margin, margin), (margin, margin), (0, 0)), mode="reflect"))
        turned = wide.rotate(setting, Image.Resampling.BICUBIC)
        return np.asarray(turned)[margin:-margin, margin:-margin]
    raise ValueError(f"{change}: not one of {', '.join(DAMAGES)}")


def _right(predictor: Predictor, photos: NDArray[np.uint8], truth: NDArray[Any]) -> NDArray[np.bool_]:
    right: NDArray[np.bool_] = predictor.outputs(photos).probabilities.argmax(axis=1) == truth
    return right
