"""The order follows how labels go wrong: plain self-confidence for even noise, the usual pairs first for uneven."""

import numpy as np

from sightline.checks import noise
from sightline.checks.noise import suspicion


def doubtful(pairs: bool, n: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of sure photos, one in ten of which bears a wrong label: of any class, or class 1 for class 0."""
    g = np.random.default_rng(0)
    truth = np.arange(n) % 4
    p = np.full((n, 4), 0.01)
    p[np.arange(n), truth] = 0.97
    given = truth.copy()
    if pairs:
        given[np.flatnonzero(truth == 0)[: n // 10]] = 1
    else:
        rows = g.choice(n, n // 10, replace=False)
        given[rows] = (truth[rows] + g.integers(1, 4, len(rows))) % 4
    return p, given


def test_even_mistakes_are_ranked_by_self_confidence() -> None:
    p, given = doubtful(pairs=False)
    score, _ = suspicion(p, given)
    np.testing.assert_allclose(score, 1 - p[np.arange(len(p)), given])


def test_a_photo_between_the_classes_that_are_mistaken_is_suspected_sooner() -> None:
    p, given = doubtful(pairs=True)
    unsure = np.array([[0.6, 0.38, 0.01, 0.01], [0.01, 0.01, 0.6, 0.38]])
    score, suggested = suspicion(np.vstack([p, unsure]), np.append(given, [1, 3]))
    assert score[-2] > 0.9 > 0.62 > score[-1]
    assert suggested[-2:].tolist() == [0, 2]


def test_the_matrix_is_found_again() -> None:
    p, given = doubtful(pairs=True)
    matrix = noise._noise(p, given)
    np.testing.assert_allclose(matrix.sum(axis=1), 1)
    assert abs(matrix[0, 1] - 60 / 150) < 0.03
    assert matrix[~np.eye(4, dtype=bool)].max() == matrix[0, 1]
