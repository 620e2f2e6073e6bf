import numpy as np
import pytest

from sightline.judging.two_classes import measure, positive_class, sentence


@pytest.mark.parametrize(
    ("classes", "counts", "asked", "chosen", "why"),
    [
        (("cat", "dog"), {"cat": 90, "dog": 30}, "cat", "cat", "asked for"),
        (("cancer", "healthy"), {"cancer": 90, "healthy": 30}, None, "cancer", "by its name"),
        (("benign", "suspicious"), {"benign": 10, "suspicious": 30}, None, "suspicious", "by its name"),
        (("no_defect", "defect"), {"no_defect": 10, "defect": 30}, None, "defect", "by its name"),
        (("Skin-Cancer", "not-cancer"), {}, None, "Skin-Cancer", "by its name"),
        (("rose", "tulip"), {"rose": 84, "tulip": 28}, None, "tulip", "the rarer"),
        (("tulip", "rose"), {"rose": 84, "tulip": 28}, None, "tulip", "the rarer"),
        (("rose", "tulip"), {"rose": 84, "tulip": 84}, None, "rose", "neither"),
        (("bad", "good"), {"bad": 1, "good": 9}, "good", "good", "asked for"),
    ],
)
def test_the_positive_class_is_chosen_and_said(
    classes: tuple[str, str], counts: dict[str, int], asked: str | None, chosen: str, why: str
) -> None:
    found = positive_class(classes, counts, asked)
    assert found[0] == chosen and why in found[1]


def test_both_thresholds_come_from_val_and_test_only_measures() -> None:
    val = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.3, 0.7]]), np.array([0, 0, 1, 1])
    test = np.array([[0.9, 0.1], [0.55, 0.45], [0.7, 0.3], [0.1, 0.9]]), np.array([0, 0, 1, 1])
    found = measure(val, test, ("no", "yes"), ("yes", "by its name"), wanted=0.5)
    assert found is not None
    best, asked = found.points
    assert best.threshold == pytest.approx(0.4)  # half-way between 0.2 and 0.6
    assert (best.sensitivity, best.specificity, best.ppv, best.npv) == (0.5, 0.5, 0.5, 0.5)
    assert asked.kind == "sensitivity" and asked.threshold == 0.6
    assert (asked.found, asked.missed, asked.alarms, asked.passed) == (1, 1, 0, 2)
    assert found.auc == 0.75
    assert sentence(found).startswith("Of yes it finds 50.0\u00a0% (sensitivity, 9.5–90.5); of no it passes 50.0")
    other = measure(val, test, ("no", "yes"), ("no", "as asked for"), wanted=0.5)
    assert other is not None and (other.positive, other.negative, other.positives) == ("no", "yes", 2)


def test_where_val_cannot_choose_the_threshold_is_a_half() -> None:
    test = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])
    one_class = np.array([[0.9, 0.1]]), np.array([0])
    for val in (None, one_class):
        found = measure(val, test, ("a", "b"), ("b", ""))
        assert found is not None
        assert [(point.kind, point.threshold) for point in found.points] == [("half", 0.5)]


def test_no_figures_without_two_classes_in_test() -> None:
    alone = np.array([[0.9, 0.1]]), np.array([0])
    assert measure(None, alone, ("a", "b"), ("b", "")) is None
    three = np.full((3, 3), 1 / 3), np.arange(3)
    assert measure(None, three, ("a", "b", "c"), ("b", "")) is None


def test_nothing_called_positive_has_no_predictive_value() -> None:
    test = np.array([[0.9, 0.1], [0.8, 0.2]]), np.array([0, 1])
    found = measure(None, test, ("a", "b"), ("b", ""))
    assert found is not None and found.points[0].ppv is None and found.points[0].npv == 0.5
