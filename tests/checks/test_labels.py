"""Planted label errors come first, the reason is in plain words, and few photos are no excuse for a crash."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from cleanlab.rank import get_label_quality_scores
from sklearn.metrics import average_precision_score

from sightline.checks.crossfit import compact, out_of_sample
from sightline.checks.labels import check_labels
from sightline.checks.noise import suspicion
from sightline.scenes.faults import wrong_labels

CLASSES = ["buildings", "forest", "glacier", "mountain", "sea", "street"]
PAIRS = [("glacier", "mountain"), ("buildings", "street"), ("glacier", "sea")]

Clouds = Callable[..., tuple[np.ndarray, np.ndarray]]


@pytest.mark.parametrize("kind", ["uniform", "pairs"])
@pytest.mark.parametrize("seed", [0, 1])
def test_planted_errors_come_first_with_a_reason(clouds: Clouds, kind: str, seed: int) -> None:
    values, truth = clouds(900, seed)
    names = np.array(CLASSES)[truth]
    given = wrong_labels(names, 45, seed=seed, pairs=PAIRS if kind == "pairs" else ())
    bad = given != names
    table = pd.DataFrame({"path": [f"{i}.jpg" for i in range(len(given))], "label": given})
    found, probabilities = check_labels(table, CLASSES, values, np.arange(len(given)))
    codes = pd.Categorical(given, categories=CLASSES).codes.astype(int)
    score, suggested = suspicion(probabilities, codes)
    assert average_precision_score(bad, score) >= 0.95
    assert (suggested[bad] == truth[bad]).mean() > 0.95
    top = found.sort_values("score", ascending=False).head(10)
    assert set(top["path"]) <= {f"{i}.jpg" for i in np.flatnonzero(bad)}
    assert (top["suggested_label"] != top["label"]).all()
    assert top["detail"].str.fullmatch(r"looks like \w+ [01]\.\d\d, its 10 nearest neighbours: \d.*").all()


@pytest.mark.parametrize(
    ("kind", "apart", "gain"), [("uniform", 0.7, -0.002), ("pairs", 0.7, 0.003), ("pairs", 1.1, -0.01)]
)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_order_beside_cleanlabs_default(clouds: Clouds, kind: str, apart: float, gain: float, seed: int) -> None:
    """Equal for even mistakes, better for mistakes in pairs; where classes hardly overlap, a little is lost."""
    values, truth = clouds(1800, seed, apart)
    names = np.array(CLASSES)[truth]
    given = wrong_labels(names, 90, seed=seed, pairs=PAIRS if kind == "pairs" else ())
    codes = np.searchsorted(CLASSES, given)
    probabilities = out_of_sample(compact(values), codes, np.arange(1800), 6)
    ours = average_precision_score(given != names, suspicion(probabilities, codes)[0])
    theirs = average_precision_score(given != names, 1 - get_label_quality_scores(codes, probabilities))
    assert ours >= theirs + gain


def test_a_run_s_own_network_is_said_to_be_weaker(clouds: Clouds) -> None:
    values, truth = clouds(120)
    names = np.array(CLASSES)[truth]
    names[0] = CLASSES[(truth[0] + 1) % 6]
    table = pd.DataFrame({"path": [f"{i}.jpg" for i in range(120)], "label": names})
    found, _ = check_labels(table, CLASSES, values, np.arange(120), weaker="weaker evidence")
    assert len(found)
    assert found["detail"].str.endswith("(weaker evidence)").all()


@pytest.mark.parametrize("n", [0, 1, 2, 5, 7, 13])
def test_few_photos_and_absent_classes(clouds: Clouds, n: int) -> None:
    values, truth = clouds(max(n, 1))
    table = pd.DataFrame({"path": [f"{i}.jpg" for i in range(n)], "label": np.array(CLASSES)[truth][:n]})
    found, probabilities = check_labels(table, CLASSES, values[:n], np.arange(n))
    assert probabilities.shape == (n, 6)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert set(found["path"]) <= set(table["path"])


def test_the_same_answer_twice(clouds: Clouds) -> None:
    values, truth = clouds(200)
    table = pd.DataFrame({"path": [f"{i}.jpg" for i in range(200)], "label": np.array(CLASSES)[truth]})
    first, second = (check_labels(table, CLASSES, values, np.arange(200))[0] for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
