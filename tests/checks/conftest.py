"""What the tests of labels share."""

from collections.abc import Callable

import numpy as np
import pytest


@pytest.fixture
def clouds() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """(n, seed, apart) -> (n, 40) features and (n,) classes: six overlapping clouds, as a network's features are.

    The confusable classes lie closer; `apart` says how far the clouds are from each other.
    """

    def draw(n: int = 900, seed: int = 0, apart: float = 1.1) -> tuple[np.ndarray, np.ndarray]:
        g = np.random.default_rng(seed)
        centre = g.normal(size=(6, 40))
        for a, b in ((2, 3), (0, 5), (4, 2)):
            centre[b] = 0.5 * centre[a] + 0.5 * centre[b]
        truth = np.arange(n) % 6
        return (centre[truth] * apart + g.normal(size=(n, 40))).astype(np.float32), truth

    return draw
