"""What assess says of a run with known faults."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from sightline import config
from sightline.errors import SightlineError
from sightline.judging import claims
from sightline.judging.assess import assess, calibrated, covered, intervals
from sightline.judging.figures import evaluate
from sightline.models.documents import Fitted
from sightline.runs.documents.dataset import DatasetFacts
from sightline.runs.folder import RunFolder
from sightline.system.files import write_json
from sightline.trust import calibration, conformal

CLASSES = ["forest", "glacier", "sea"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run whose network was three times too sure of itself, and whose test photos leaked: 40 of 600, always right."""
    generator = np.random.default_rng(0)
    n, val = 1200, 600
    labels = generator.integers(0, 3, n)
    logits = 3 * (generator.normal(0, 1, (n, 3)) + 1.8 * np.eye(3)[labels])
    leaked = np.arange(n) >= n - 40
    logits[leaked] = 9 * np.eye(3)[labels[leaked]]
    temperature = calibration.fit_temperature(logits[:val], labels[:val])
    p = softmax(logits / temperature, axis=1)
    threshold = conformal.fit(p[:val], labels[:val], 0.9)
    names = np.array(CLASSES)
    run = RunFolder.create(tmp_path_factory.mktemp("runs") / "run")
    run.write_config(config.Config())
    samples = pd.DataFrame(
        {
            "path": [f"{names[label]}/{i}.jpg" for i, label in enumerate(labels)],
            "label": names[labels],
            "split": np.where(np.arange(n) < val, "val", "test"),
            "digest": [f"{i:064x}" for i in range(n)],
            "width": 150,
            "height": 150,
            "brightness": generator.uniform(0, 255, n),
            "duplicate_group": np.where(leaked, np.arange(n) - val, np.arange(n)),
        }
    )
    run.write_data(DatasetFacts(name="x", root="/x", classes=CLASSES), samples, pd.DataFrame())
    predictions = samples[["path", "split", "label"]].assign(
        predicted=names[p.argmax(1)],
        **{f"p_{name}": p[:, i] for i, name in enumerate(CLASSES)},
        familiar=np.arange(n) % 20 > 0,
    )
    run.write_predictions(predictions)
    run.write_evaluation(evaluate(predictions[val:], CLASSES, test_opened=6))
    write_json(
        run.model / "sightline.json",
        {"calibration": {"temperature": temperature, "threshold": threshold, "coverage": 0.9}},
    )
    return run


def test_the_whole_is_kept_as_json(run):
    found = assess(run)
    assert len(found.parts) == 6
    for part in found.parts:
        assert run.extra(type(part)) == part
        stored = json.loads((run.path / "extras" / f"{part.name}.json").read_text())
        assert stored == json.loads(json.dumps(part.to_dict(), allow_nan=False))
    assert found.trust.headline.endswith("on 600 photos seen 6 times")
    assert found.trust.warning.startswith("this test set has been opened 6 times")
    assert found.intervals.photos == found.intervals.groups == 600


def test_the_repair_of_the_calibration_shows(run):
    found = assess(run).calibration
    assert found.temperature == pytest.approx(3 / 1.8, rel=0.25)
    assert found.before.ece > 2 * found.after.ece and found.before.brier > found.after.brier
    assert found.before.ece > found.before.ece_by_chance
    assert sum(row.n for row in found.after.reliability) == 600


def test_sets_and_decisions_are_measured(run):
    found = assess(run)
    assert found.conformal.kept and found.conformal.asked == 0.9
    assert found.conformal.coverage == pytest.approx(0.9, abs=0.05)
    assert sum(found.conformal.sizes.values()) == 600
    decisions = found.trust.decisions
    assert sum(decision.n for decision in decisions.values()) == 600 and decisions["unfamiliar"].n == 30
    assert found.familiarity.test_kept == 0.95
    assert decisions["answer"].accuracy > decisions["unsure"].accuracy + 0.1


def test_leaked_twins_are_counted_and_left_out(run):
    leaked = assess(run).slices.leaked
    assert leaked.leaked == 40 and leaked.without_leaked.n == 560
    assert leaked.without_leaked.accuracy < leaked.with_leaked.accuracy


def test_a_run_that_is_not_complete_is_said(tmp_path):
    with pytest.raises(SightlineError, match="--resume"):
        assess(RunFolder(tmp_path))


def test_no_figure_is_certain_after_a_perfect_test():
    truth = np.arange(60) % 3
    found = intervals(truth, truth, CLASSES)
    for interval in [found.accuracy, found.macro_f1, *vars(found.per_class["sea"]).values()]:
        assert interval[0] < 0.97 and interval[1] == 1.0


def test_intervals_hold_the_true_figures():
    generator = np.random.default_rng(5)
    held = 0
    for _ in range(60):
        truth = generator.integers(0, 3, 300)
        predicted = np.where(generator.random(300) < 0.85, truth, (truth + 1) % 3)
        low, high = intervals(truth, predicted, CLASSES, draws=200).macro_f1
        held += low <= 0.85 <= high
    assert held >= 52


def test_the_headline_reads_as_promised():
    truth = np.arange(3000) % 3
    predicted = np.where(np.arange(3000) < 2793, truth, (truth + 1) % 3)
    table = pd.DataFrame({"label": np.array(CLASSES)[truth], "predicted": np.array(CLASSES)[predicted]})
    table = table.assign(**{f"p_{name}": 1 / 3 for name in CLASSES})
    assert evaluate(table, CLASSES, test_opened=1).headline == "93.1 % (92.1–94.0) on 3,000 photos seen once"
    assert evaluate(table[:10], CLASSES).headline.endswith("on 10 photos")


def test_too_few_validation_photos_cover_everything():
    found = covered([[0.9, 0.1], [0.2, 0.8]], [0, 0], ["a", "b"], Fitted(), [0] * 5)
    assert (found.coverage, found.mean_size, found.kept) == (1.0, 2.0, True)


def test_a_class_that_the_sets_forsake_is_named_with_its_interval():
    p = np.tile([0.9, 0.1], (200, 1))
    truth = np.r_[np.zeros(150, int), np.ones(50, int)]  # the second class is never in a set
    validation = np.tile([0, 1], 100)
    found = covered(
        p, truth, ["sea", "ice"], Fitted(threshold=0.5, coverage_by="class", thresholds=(0.5, 0.5)), validation
    )
    assert [(row.label, row.n, row.coverage, row.below, row.validation) for row in found.by_class] == [
        ("sea", 150, 1.0, False, 100), ("ice", 50, 0.0, True, 100),
    ]  # fmt: skip
    assert found.lowest is found.by_class[1] and found.coverage_by == "class"
    said = claims.by_class(found)
    assert said == (
        "The promise is made for each class. Class by class the lowest is 0.0\u00a0% (0.0–7.1), for ice; "
        "less than chance explains for ice."
    )
    assert claims.by_class(found.model_copy(update={"by_class": ()})) == "", "a run from before it was measured"


def test_a_class_with_few_validation_photos_is_held_to_the_threshold_of_all() -> None:
    """Nine validation photos of a class promise nothing of their own: one miss in nine is chance, nine are not."""
    p = np.tile([0.9, 0.05, 0.05], (27, 1))
    truth, validation = np.zeros(27, int), np.repeat([0, 1, 2], 9)
    fitted = Fitted(threshold=0.1, coverage_by="class", thresholds=(0.1, 0.1, 0.1))
    for misses, below in ((1, False), (9, True)):
        truth[18:] = 2
        p[18:] = [0.05, 0.05, 0.9]
        p[18 : 18 + misses] = [0.9, 0.05, 0.05]
        found = covered(p, truth, ["daisy", "rose", "tulip"], fitted, validation)
        assert {row.label: row.below for row in found.by_class} == {"daisy": False, "tulip": below}
    assert found.lowest is not None and found.lowest.label == "tulip"


def test_a_temperature_of_one_changes_nothing():
    p = softmax(np.random.default_rng(0).normal(0, 2, (200, 3)), axis=1)
    found = calibrated(p, np.zeros(200, int), 1.0)
    assert found.before.ece == pytest.approx(found.after.ece)
