"""Planted label errors come first, copies do not vouch for each other, and few photos are no excuse for a crash."""

import numpy as np
import pandas as pd
import pytest
from cleanlab.rank import get_label_quality_scores
from sklearn.metrics import average_precision_score

from sightline.audit import labels as module
from sightline.audit.labels import check_labels, compact, out_of_sample, suspicion
from sightline.data.faults import wrong_labels

CLASSES = ["buildings", "forest", "glacier", "mountain", "sea", "street"]
PAIRS = [("glacier", "mountain"), ("buildings", "street"), ("glacier", "sea")]


def features(n: int = 900, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Six overlapping clouds in 40 dimensions, as a network's features are; the confusable classes lie closer."""
    g = np.random.default_rng(seed)
    centre = g.normal(size=(6, 40))
    for a, b in ((2, 3), (0, 5), (4, 2)):
        centre[b] = 0.5 * centre[a] + 0.5 * centre[b]
    truth = np.arange(n) % 6
    return (centre[truth] * 1.1 + g.normal(size=(n, 40))).astype(np.float32), truth


@pytest.mark.parametrize("kind", ["uniform", "pairs"])
@pytest.mark.parametrize("seed", [0, 1])
def test_planted_errors_come_first_and_never_later_than_cleanlabs_default(kind: str, seed: int) -> None:
    values, truth = features(seed=seed)
    names = np.array(CLASSES)[truth]
    given = wrong_labels(names, 45, seed=seed, pairs=PAIRS if kind == "pairs" else ())
    bad = given != names
    table = pd.DataFrame({"path": [f"{i}.jpg" for i in range(len(given))], "label": given})
    found, probabilities = check_labels(table, CLASSES, values, np.arange(len(given)))
    codes = pd.Categorical(given, categories=CLASSES).codes.astype(int)
    score, suggested = suspicion(probabilities, codes)
    ours = average_precision_score(bad, score)
    theirs = average_precision_score(bad, 1 - get_label_quality_scores(codes, probabilities))
    assert ours >= theirs - 1e-9
    assert ours >= (0.9 if kind == "uniform" else 0.7)
    assert (suggested[bad] == truth[bad]).mean() > 0.85
    top = found.sort_values("score", ascending=False).head(10)
    assert set(top["path"]) <= {f"{i}.jpg" for i in np.flatnonzero(bad)}
    assert (top["suggested_label"] != top["label"]).all()
    assert top["detail"].str.fullmatch(r"looks like \w+ [01]\.\d\d, its 10 nearest neighbours: \d.*").all()


def test_no_photo_judges_its_copy() -> None:
    values, truth = features(300)
    values, truth = np.concatenate([values, values[:60]]), np.concatenate([truth, truth[:60]])
    groups = np.concatenate([np.arange(300), np.arange(60)])
    wrong = truth.copy()
    wrong[:30] = wrong[300:330] = (truth[:30] + 1) % 6  # a wrong label, and the same wrong label on the copy
    fold = module._folds(wrong, groups, seed=0)
    assert (fold[300:] == fold[:60]).all()
    whole = compact(values)
    apart = out_of_sample(whole, wrong, groups, 6)[np.arange(30), wrong[:30]]
    together = out_of_sample(whole, wrong, np.arange(360), 6)[np.arange(30), wrong[:30]]
    assert apart.mean() < together.mean()


def test_a_run_s_own_network_is_said_to_be_weaker() -> None:
    values, truth = features(120)
    names = np.array(CLASSES)[truth]
    names[0] = CLASSES[(truth[0] + 1) % 6]
    table = pd.DataFrame({"path": [f"{i}.jpg" for i in range(120)], "label": names})
    found, _ = check_labels(table, CLASSES, values, np.arange(120), weaker="weaker evidence")
    assert len(found)
    assert found["detail"].str.endswith("(weaker evidence)").all()


@pytest.mark.parametrize("n", [0, 1, 2, 5, 7, 13])
def test_few_photos_and_absent_classes(n: int) -> None:
    values, truth = features(max(n, 1))
    table = pd.DataFrame({"path": [f"{i}.jpg" for i in range(n)], "label": np.array(CLASSES)[truth][:n]})
    found, probabilities = check_labels(table, CLASSES, values[:n], np.arange(n))
    assert probabilities.shape == (n, 6)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert set(found["path"]) <= set(table["path"])


def test_the_same_answer_twice() -> None:
    values, truth = features(200)
    table = pd.DataFrame({"path": [f"{i}.jpg" for i in range(200)], "label": np.array(CLASSES)[truth]})
    first, second = (check_labels(table, CLASSES, values, np.arange(200))[0] for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
