"""How much of the photos is lost when they are cut to their middle square."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sightline.system import words

MUCH = 0.3
"""Of a photo's area: more than an ordinary camera's 4:3 loses, which is a quarter."""
_MANY = 0.1  # of the photos
_NOTHING = 0.005


@dataclass(frozen=True)
class Cropped:
    """What the middle square leaves out, as shares of the photos' areas (0-1)."""

    mean: float
    most: float
    much: float
    """The share of the photos that lose more than `MUCH`."""

    @property
    def suggests_pad(self) -> bool:
        """Whether the whole photos should rather be shown."""
        return self.mean > MUCH or self.much > _MANY

    @property
    def sentence(self) -> str:
        """In words, with what to do about it where it is much; "" where nothing is lost."""
        if self.most < _NOTHING:
            return ""
        lost = f"Cut to their middle square, the photos lose {words.percent(self.mean, 0)} of their area on average"
        lost += (
            f", up to {words.percent(self.most, 0)}."
            if words.percent(self.most, 0) != words.percent(self.mean, 0)
            else "."
        )
        if not self.suggests_pad:
            return lost
        return f"{lost} If what matters may stand at the edge, train on the whole photos: --fit pad."


def cropped(samples: pd.DataFrame) -> Cropped | None:
    """What the middle square leaves out of each photo.

    Args:
        samples: width and height in pixels, where they are known.

    Returns:
        None where no size is known.
    """
    if not {"width", "height"} <= set(samples):
        return None
    sides = samples[["width", "height"]].to_numpy(float)
    sides = sides[(sides > 0).all(axis=1)]
    if not len(sides):
        return None
    lost = 1 - sides.min(axis=1) / sides.max(axis=1)
    return Cropped(float(lost.mean()), float(lost.max()), float(np.mean(lost > MUCH)))
