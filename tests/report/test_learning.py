import math

import numpy as np
import pandas as pd
import pytest

from sightline.report import learning
from sightline.runs.documents.extras import LearningRates


def epochs(train: list[float], val: list[float], val_loss: list[float] | None = None) -> pd.DataFrame:
    n = len(train)
    return pd.DataFrame(
        {
            "phase": "tune",
            "epoch": range(1, n + 1),
            "train_loss": [1 - v for v in train],
            "train_accuracy": train,
            "val_loss": val_loss or [1 - v for v in val],
            "val_accuracy": val,
            "seconds": 10.0,
            "images_per_second": 200.0,
        }
    )


@pytest.mark.parametrize(
    ("train", "val", "strength"),
    [(0.90, 0.93, "none"), (0.95, 0.93, "slight"), (0.98, 0.91, "clear"), (0.99, 0.75, "strong")],
)
def test_overfitting_in_words(train: float, val: float, strength: str) -> None:
    found = learning.gap(epochs([0.5, train], [0.5, val]))
    assert found is not None
    assert found.strength == strength
    assert f"{100 * train:.1f}" in found.sentence and f"{100 * val:.1f}" in found.sentence


def test_the_gap_is_that_of_the_best_epoch_not_the_last() -> None:
    found = learning.gap(epochs([0.8, 0.9, 0.99], [0.8, 0.9, 0.85], [0.5, 0.3, 0.6]))
    assert found is not None
    assert (found.train, found.val) == (0.9, 0.9)


def test_a_loss_that_rises_again_is_said() -> None:
    found = learning.gap(epochs([0.8, 0.9, 0.95, 0.99], [0.8, 0.9, 0.85, 0.85], [0.5, 0.3, 0.4, 0.6]))
    assert found is not None
    assert "rose again" in found.sentence


def test_no_gap_without_both_figures() -> None:
    assert learning.gap(epochs([math.nan], [0.9])) is None
    assert learning.gap(pd.DataFrame({"phase": [], "epoch": []})) is None


def test_curves_need_two_epochs_and_skip_what_is_missing() -> None:
    assert learning.curves(epochs([0.5], [0.6])) == {}
    drawn = learning.curves(epochs([math.nan, 0.7, 0.8], [0.6, 0.7, 0.8]))
    assert set(drawn) == {"loss", "accuracy"}
    assert "validation at 80\u00a0%" in drawn["accuracy"]


def test_phases_are_marked() -> None:
    table = epochs([0.5, 0.6, 0.7], [0.5, 0.6, 0.7])
    table["phase"] = ["head", "tune", "tune"]
    assert ">head</text>" in learning.curves(table)["loss"]


def test_the_learning_rate_names_head_and_first_layers_only_where_they_differ() -> None:
    steps = pd.DataFrame({"phase": "tune", "step": range(2000), "lr_max": np.linspace(0, 1e-3, 2000)})
    same, apart = learning.rate(steps.assign(lr_min=steps["lr_max"])), learning.rate(steps.assign(lr_min=1e-6))
    assert "first layers" not in same and "first layers" in apart
    assert len(same) < 20_000  # thinned: nobody sees 2,000 points on a phone


def test_no_steps_draw_no_rate() -> None:
    assert learning.rate(pd.DataFrame(columns=["phase", "step", "lr_min", "lr_max"])) == ""


def test_the_search_for_a_rate_marks_its_suggestion() -> None:
    drawn = learning.search(LearningRates(lr=(1e-5, 1e-3, 1e-1), loss=(2.0, 1.0, 3.0), suggestion=1e-3))
    assert "0.001 suggested" in drawn and "10⁻³" in drawn
    assert learning.search(None) == ""


def test_the_table_says_what_is_missing() -> None:
    (row,) = learning.table(epochs([math.nan], [0.9]))
    assert row["train_accuracy"] == "–" and row["val_accuracy"] == "90.0\u00a0%"
