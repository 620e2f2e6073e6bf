from pathlib import Path

import pytest

from sightline.config import Config, Phase
from sightline.report import run_sections
from sightline.report.photos import Album
from sightline.runs.folder import RunFolder


def test_mistakes_shade_sooner_than_right_answers() -> None:
    matrix = run_sections.matrix([[90, 10], [0, 100]], [], ["a", "b"], Album(None))
    shades = [[cell["shade"] for cell in row["cells"]] for row in matrix["rows"]]
    assert shades == [["h5", "b3"], ["", "h5"]]
    assert matrix["sheets"] == [] and not matrix["long"]


def test_pairs_make_the_heading() -> None:
    found = run_sections.pairs([[10, 8, 0], [4, 10, 0], [1, 0, 9]], ["sea", "ice", "street"])
    assert found["heading"] == "Sea and ice are mixed up most: 92\u00a0% of all mistakes"
    assert [row["pair"].total for row in found["rows"]] == [12, 1]


def test_robustness_names_what_hurts_most() -> None:
    rows = [
        {"change": "blur", "strength": "mild", "accuracy": 0.9},
        {"change": "noise", "strength": "mild", "accuracy": 0.915},
        {"change": "noise", "strength": "strong", "accuracy": 0.6},
    ]
    found = run_sections.robustness({"rows": rows, "clean": 0.92}, {"accuracy": 0.93})
    assert found is not None
    assert found["heading"] == "Noise hurts it most: up to 32.0 points lost"
    assert [[cell and cell["shade"] for cell in row["cells"]] for row in found["rows"]] == [["b1", None], ["", "b5"]]
    assert run_sections.robustness({}, {}) is None


def test_robustness_where_nothing_hurts() -> None:
    found = run_sections.robustness(
        {"rows": [{"change": "blur", "strength": "mild", "accuracy": 0.93}]}, {"accuracy": 0.93}
    )
    assert found is not None
    assert found["heading"] == "It hardly notices worse photos"


def test_slices_leave_the_classes_to_their_own_table() -> None:
    rows = [
        {"kind": "class", "slice": "sea", "n": 9, "accuracy": 0.5, "low": 0.2, "high": 0.8},
        {"kind": "brightness", "slice": "dark", "n": 9, "accuracy": 0.9, "low": 0.7, "high": 0.95},
        {"kind": "brightness", "slice": "bright", "n": 9, "accuracy": 0.8, "low": 0.6, "high": 0.9, "worse": True},
    ]
    found = run_sections.slices({"slices": rows}, {"accuracy": 0.85})
    assert found is not None
    assert [[row["slice"] for row in group] for group in found["groups"]] == [["bright", "dark"]]
    assert found["low"] == pytest.approx(0.6)
    assert "dot bad" in found["groups"][0][0]["whisker"]
    assert run_sections.slices({}, {"accuracy": 1}) is None


def test_folds_in_a_sentence() -> None:
    assert run_sections.folds({"accuracies": [0.9, 0.92]}) == (
        "Over 2 folds: 91.0\u00a0% ± 1.4 points (90.0\u00a0% and 92.0\u00a0%)."
        " This is a little hopeful, since each fold also chose which epoch was kept."
    )
    assert run_sections.folds({}) == ""


def test_each_fold_is_held_against_the_mean() -> None:
    def fold(number: int, accuracy: float, low: float, high: float) -> dict:
        row = {"fold": number, "accuracy": accuracy, "accuracy_ci95": [low, high], "learned": 90, "held_out": 45}
        return {**row, "phase": "tune", "epoch": 2, "epochs": 3, "seconds": 4.0}

    near = [fold(1, 0.90, 0.80, 0.95), fold(2, 0.92, 0.82, 0.96)]
    found = run_sections.each_fold({"folds": near, "mean": 0.91, "ensemble": True})
    assert found is not None
    assert found["heading"] == "The folds agree, as far as chance lets them"
    assert found["ensemble"] and found["low"] == pytest.approx(0.8)
    assert all('class="rule"' in row["whisker"] for row in found["rows"])
    far = run_sections.each_fold({"folds": [*near, fold(3, 0.5, 0.4, 0.6)], "mean": 0.77})
    assert far is not None and far["heading"] == "The folds differ: from 50.0\u00a0% to 92.0\u00a0%"
    assert run_sections.each_fold({}) is None


def test_every_choice_is_listed_and_commands_are_safe_to_paste(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "a run; rm -rf x")
    run.write_config(Config(data="my photos", scratch=True, phases=[Phase(lr=3e-4), Phase(name="last", epochs=9)]))
    found = run_sections.choices(run)
    assert found is not None
    rows = dict(found["rows"])
    assert (rows["data"], rows["scratch"], rows["phases.1.epochs"], rows["decisions"]) == ("my photos", "yes", "9", "–")
    assert {key.split(".")[0] for key in rows} == set(Config.model_fields)
    assert "sightline train 'my photos' --recipe '" in found["repeat"]
    assert found["use"].count(f"'{run.path}'") == 2
