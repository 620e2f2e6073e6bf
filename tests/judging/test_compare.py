"""Comparing runs: a planted gain is found, equal runs are not told apart, unlike test sets are refused."""

import json

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.contingency_tables import mcnemar

from sightline import config
from sightline.errors import SightlineError, UsageError
from sightline.judging.compare import compare
from sightline.judging.figures import evaluate
from sightline.runs import ledger
from sightline.runs.documents.dataset import DatasetFacts
from sightline.runs.folder import RunFolder

CLASSES = ["forest", "glacier", "sea"]


@pytest.fixture
def finished(tmp_path):
    """Makes a complete run on 600 test photos out of the class numbers it predicts."""

    def make(name, predicted, *, truth=None, digests=None, classes=CLASSES, groups=None):
        n = len(predicted)
        truth = np.arange(n) % 3 if truth is None else truth
        run = RunFolder.create(tmp_path / name)
        run.write_config(config.Config())
        samples = pd.DataFrame(
            {"path": [f"{i}.jpg" for i in range(n)], "label": np.array(classes)[truth], "split": "test"}
        )
        samples["digest"] = digests if digests is not None else [f"{i:064x}" for i in range(n)]
        samples["duplicate_group"] = np.arange(n) if groups is None else groups
        run.write_data(DatasetFacts(name="x", root="/x", classes=classes), samples, pd.DataFrame())
        p = np.full((n, 3), 0.1)
        p[np.arange(n), predicted] = 0.8
        frame = samples[["path", "split", "label"]].assign(predicted=np.array(classes)[predicted])
        frame = frame.assign(**{f"p_{c}": p[:, i] for i, c in enumerate(classes)}).sample(frac=1, random_state=n)
        run.write_predictions(frame)
        run.write_evaluation(evaluate(frame, classes))
        return run

    return make


TRUTH = np.arange(600) % 3


def wrong_at(rows):
    predicted = TRUTH.copy()
    predicted[rows] = (predicted[rows] + 1) % 3
    return predicted


def test_a_planted_gain_is_found_and_placed(finished):
    a = finished("a", wrong_at(np.r_[1:181:3, 0:30:3]))  # 60 glaciers and 10 forests wrong
    b = finished("b", wrong_at(np.r_[0:30:3, 2:17:3]))  # the glaciers mended, 5 seas lost
    found = compare([a, b])
    difference = found.differences[0]
    assert (difference.only_this, difference.only_first, difference.chance) == (60, 5, False)
    assert difference.accuracy.difference == pytest.approx(55 / 600)
    low, high = difference.accuracy.ci95
    assert 0.05 < low < 55 / 600 < high < 0.13
    expected = mcnemar([[0, 5], [60, 0]], exact=True).pvalue
    assert difference.p == pytest.approx(expected)
    assert (
        difference.verdict.startswith("b is better than a: +9.2 points")
        and "Clearly gained: glacier." in difference.verdict
    )
    classes = difference.per_class
    assert (classes["glacier"].gained, classes["glacier"].clear) == (60, True)
    assert (classes["sea"].lost, classes["sea"].clear) == (5, False)
    json.dumps(found.to_dict(), allow_nan=False)


def test_runs_as_good_as_each_other_are_not_told_apart(finished):
    found = compare([finished("a", wrong_at(np.arange(0, 30))), finished("b", wrong_at(np.arange(25, 60)))])
    difference = found.differences[0]
    assert difference.chance and "could be chance" in difference.verdict
    same = compare([finished("c", wrong_at([3])), finished("d", wrong_at([3]))]).differences[0]
    assert same.p == 1.0 and same.accuracy.difference == 0
    low, high = same.accuracy.ci95
    assert -0.01 < low < 0 < high < 0.01, "600 photos without a difference do not prove that there is none"
    assert same.verdict.endswith("The difference could be chance.")


def test_copies_of_one_photo_do_not_make_a_difference_sure(finished):
    groups = np.concatenate([np.zeros(30, int), np.arange(1, 571)])
    a = finished("a", wrong_at(np.arange(30)), groups=groups)
    difference = compare([a, finished("b", wrong_at([]), groups=groups)]).differences[0]
    # Thirty copies of one photo are one mended mistake, whatever a test that counts photos says.
    assert difference.p < 1e-6 and difference.chance


def test_three_runs_are_held_against_the_first(finished):
    found = compare([finished(name, wrong_at(np.arange(n))) for name, n in (("a", 9), ("b", 6), ("c", 3))])
    assert [(d.against, d.name) for d in found.differences] == [("a", "b"), ("a", "c")]
    assert [run.accuracy for run in found.runs] == pytest.approx([591 / 600, 594 / 600, 597 / 600])


def test_the_verdict_and_the_warning_read_well(finished):
    a, b = finished("a", wrong_at(np.arange(60))), finished("b", wrong_at([]))
    for _ in range(7):
        ledger.opened(a.path, a.samples()["digest"], "train")
    found = compare([a, b])
    assert found.n == 600 and found.differences[0].verdict.startswith("b is better than a")
    assert found.test_opened == 7 and "opened 7 times: expect its best figure to flatter" in found.warning


def test_other_test_photos_are_refused_and_counted(finished):
    digests = [f"{i:064x}" for i in range(10, 610)]
    with pytest.raises(SightlineError, match="590 in both, 10 only in the first, 10 only in the second") as caught:
        compare([finished("a", TRUTH), finished("b", TRUTH, digests=digests)])
    assert "--split-seed" in str(caught.value)


def test_copies_in_the_test_part_are_told_apart(finished):
    digests = [f"{i // 2:064x}" for i in range(600)]
    a, b = (finished(name, TRUTH, truth=TRUTH, digests=digests) for name in "ab")
    assert compare([a, b]).n == 600


def test_other_labels_are_refused(finished):
    relabelled = TRUTH.copy()
    relabelled[:4] = (relabelled[:4] + 1) % 3
    with pytest.raises(SightlineError, match=r"different labels: 4 of 600 photos"):
        compare([finished("a", TRUTH), finished("b", TRUTH, truth=relabelled)])


def test_other_classes_are_refused(finished):
    with pytest.raises(SightlineError, match="sea only in the first, street only in the second"):
        compare([finished("a", TRUTH), finished("b", TRUTH, classes=["forest", "glacier", "street"])])


def test_what_cannot_be_compared_is_said(finished):
    a, b = finished("a", TRUTH), finished("b", TRUTH)
    with pytest.raises(UsageError, match="two runs"):
        compare([a])
    with pytest.raises(UsageError, match="given twice"):
        compare([a, RunFolder(a.path)])
    (b.path / "evaluation.json").unlink()
    with pytest.raises(SightlineError, match="not complete"):
        compare([a, b])
