import numpy as np
import pandas as pd
import pytest

from sightline.judging.assess import calibrated as measured
from sightline.judging.two_classes import measure
from sightline.report import confidence
from sightline.report.confidence import Judged
from sightline.runs.documents.trust import Conformal, Decided, Trust


def judged(n: int = 800, classes: int = 2, sharpness: float = 1.0, seed: int = 0) -> Judged:
    """Labels drawn from the probabilities themselves; a sharpness of 1 is perfect calibration."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2, (n, classes))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.array([generator.choice(classes, p=row) for row in p])
    said = p**sharpness / (p**sharpness).sum(axis=1, keepdims=True)
    return Judged(said, truth, tuple("abcdef"[:classes]))


def test_rows_without_a_finite_probability_or_a_known_label_are_left_out() -> None:
    table = pd.DataFrame({"label": ["a", "b", "x", "a"], "p_a": [0.9, 0.2, 0.5, np.nan], "p_b": [0.1, 0.8, 0.5, 0.5]})
    found = Judged.of(table, ["a", "b"])
    assert found is not None
    assert found.truth.tolist() == [0, 1]
    assert Judged.of(table[:0], ["a", "b"]) is None
    assert Judged.of(table, ["a", "c"]) is None


@pytest.mark.parametrize(
    ("sharpness", "heading"),
    [(1.0, "taken at its word"), (3.0, "surer of itself than it should be"), (0.3, "less sure of itself")],
)
def test_the_heading_says_which_way_confidence_errs(sharpness: float, heading: str) -> None:
    test = judged(sharpness=sharpness)
    found = confidence.calibrated(test, measured(test.probabilities, test.truth, 1.0))
    assert found is not None
    assert heading in found["heading"]
    assert found["before"] is None, "a temperature of 1 changes nothing, so there is no before"


def test_before_and_after_are_shown_where_a_temperature_was_applied() -> None:
    test = judged()
    found = confidence.calibrated(test, measured(test.probabilities, test.truth, 2.0))
    assert found is not None
    assert found["before"].ece > found["after"].ece
    assert "ring two" in found["diagram"]
    assert confidence.calibrated(test, None) is None


def test_sets_by_size_and_class() -> None:
    measured = Conformal(
        threshold=0.1, validation=99, coverage=0.96, coverage_ci95=(0.9, 0.99), asked=0.95, least=0.9, kept=True,
        mean_size=1.1, sizes={"2": 10, "1": 90}, per_class={"a": 0.99, "b": 0.9},
    )  # fmt: skip
    found = confidence.sets(measured, ["a", "b", "c"])
    assert found is not None
    assert [(row["size"], row["share"]) for row in found["rows"]] == [(1, 0.9), (2, 0.1)]
    assert [row["label"] for row in found["by_class"]] == ["a", "b"]
    assert found["single"] == 0.9
    assert confidence.sets(None, ["a"]) is None


def test_decisions_add_up() -> None:
    rows = confidence.decisions(Trust(decisions={"answer": Decided(n=3, accuracy=1.0), "unsure": Decided(n=1)}))
    assert [row["share"] for row in rows] == [0.75, 0.25]
    assert confidence.decisions(None) == []


def test_two_classes_have_a_column_for_each_threshold_and_curves() -> None:
    test = judged(400)
    found = measure((test.probabilities, test.truth), (test.probabilities, test.truth), "ab", ("b", "as asked for"))
    shown = confidence.two_classes(found, test)
    assert shown is not None and shown["promised"]
    assert [row["figure"] for row in shown["rows"]] == [
        *("sensitivity", "specificity", "positive predictive value", "negative predictive value")
    ]
    assert all(len(row["cells"]) == 2 for row in shown["rows"])
    assert all(cell["share"] == cell["hits"] / cell["of"] for row in shown["rows"] for cell in row["cells"])
    assert "ROC curve for b" in shown["roc"] and "Precision-recall curve for b" in shown["pr"]
    assert confidence.two_classes(None, test) is None


def test_what_holding_back_buys_starts_with_the_surest() -> None:
    drawn = confidence.selective(judged(500, classes=3))
    assert drawn.count("<path") == 1 and "surest" in drawn
