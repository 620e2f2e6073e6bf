"""The evaluator against a published report, against scikit-learn, and on tables that are wrong."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_recall_fscore_support

from sightline.errors import SightlineError
from sightline.judging.figures import evaluate

KEYS = [
    "n", "accuracy", "accuracy_ci95", "macro_f1", "weighted_f1", "per_class", "confusion", "classes", "ece", "log_loss",
    "test_opened",
]  # fmt: skip
SCENES = ("buildings", "forest", "glacier", "mountain", "sea", "street")
# A published ResNet50 on 7,301 scenes: its confusion matrix, and the report printed below it.
PUBLISHED = np.array(
    [
        [1006, 4, 7, 2, 12, 113],
        [3, 1144, 3, 7, 4, 5],
        [3, 7, 1020, 242, 53, 5],
        [5, 7, 73, 1140, 70, 2],
        [11, 7, 35, 73, 993, 9],
        [67, 10, 9, 4, 9, 1137],
    ]
)
PRINTED = {
    "buildings": (0.92, 0.88, 0.90, 1144),
    "forest": (0.97, 0.98, 0.98, 1166),
    "glacier": (0.89, 0.77, 0.82, 1330),
    "mountain": (0.78, 0.88, 0.82, 1297),
    "sea": (0.87, 0.88, 0.88, 1128),
    "street": (0.89, 0.92, 0.91, 1236),
}


def table(truth, predicted, classes, confidence=0.9):
    """Predictions with the given class numbers, all equally confident."""
    p = np.full((len(truth), len(classes)), (1 - confidence) / max(len(classes) - 1, 1))
    p[np.arange(len(truth)), predicted] = confidence
    names = np.asarray(classes, dtype=object)
    frame = pd.DataFrame({"label": names[truth], "predicted": names[predicted]})
    return frame.assign(**{f"p_{name}": p[:, i] for i, name in enumerate(classes)})


def test_a_published_confusion_matrix_gives_its_published_report():
    truth, predicted = (np.repeat(side.ravel(), PUBLISHED.ravel()) for side in np.indices(PUBLISHED.shape))
    found = evaluate(table(truth, predicted, SCENES), SCENES, test_opened=3)
    assert list(found.to_dict()) == KEYS
    assert found.n == 7301 and found.to_dict()["confusion"] == PUBLISHED.tolist() and found.test_opened == 3
    for name, (precision, recall, f1, support) in PRINTED.items():
        figures = found.per_class[name]
        assert (round(figures.precision, 2), round(figures.recall, 2), figures.support) == (
            precision,
            recall,
            support,
        )
        assert round(figures.f1, 2) == f1
    assert (round(found.accuracy, 2), round(found.macro_f1, 2), round(found.weighted_f1, 2)) == (0.88,) * 3
    low, high = found.accuracy_ci95
    assert low < found.accuracy < high and high - low == pytest.approx(0.0149, abs=0.0003)
    assert found.ece == pytest.approx(0.9 - found.accuracy)


@given(st.integers(2, 5).flatmap(lambda k: st.lists(st.tuples(*[st.integers(0, k - 1)] * 2), min_size=1, max_size=60)))
def test_the_figures_are_those_of_scikit_learn(pairs):
    truth, predicted = np.array(pairs).T
    classes = [f"kind {i}" for i in range(5)]
    found = evaluate(table(truth, predicted, classes), classes)
    assert found.macro_f1 == pytest.approx(f1_score(truth, predicted, average="macro"))
    assert found.weighted_f1 == pytest.approx(f1_score(truth, predicted, average="weighted"))
    figures = precision_recall_fscore_support(truth, predicted, labels=range(5), zero_division=0)
    for i, name in enumerate(classes):
        assert [getattr(found.per_class[name], key) for key in ("precision", "recall", "f1")] == pytest.approx(
            [column[i] for column in figures[:3]]
        )


def test_labels_that_read_as_numbers_are_still_labels():
    frame = table(np.array([0, 1]), np.array([0, 1]), ("1", "2")).assign(label=[1, 2], predicted=[1, 2])
    assert evaluate(frame, ("1", "2")).accuracy == 1.0


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t: t.iloc[:0], "no rows"),
        (lambda t: t.drop(columns="p_b"), "p_b"),
        (lambda t: t.drop(columns="label"), "label"),
        (lambda t: t.assign(label="zebra"), "zebra"),
        (lambda t: t.assign(p_a=np.nan), "not numbers"),
    ],
)
def test_a_table_that_is_wrong_is_an_error_in_words(spoil, message):
    with pytest.raises(SightlineError, match=message):
        evaluate(spoil(table(np.array([0, 1]), np.array([0, 1]), ("a", "b"))), ("a", "b"))
