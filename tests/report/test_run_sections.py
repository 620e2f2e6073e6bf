from pathlib import Path

import pytest

from sightline.config import Config, Phase
from sightline.report import run_sections
from sightline.report.photos import Album
from sightline.runs.documents.extras import Damaged, Fold, Folds, Robustness
from sightline.runs.documents.trust import Slice, Slices
from sightline.runs.folder import RunFolder


def test_mistakes_shade_sooner_than_right_answers() -> None:
    matrix = run_sections.matrix([[90, 10], [0, 100]], [], ["a", "b"], Album(None))
    shades = [[cell["shade"] for cell in row["cells"]] for row in matrix["rows"]]
    assert shades == [["h5", "b3"], ["", "h5"]]
    assert matrix["sheets"] == [] and not matrix["long"]


def test_pairs_make_the_heading() -> None:
    found = run_sections.pairs([[10, 8, 0], [4, 10, 0], [1, 0, 9]], ["sea", "ice", "street"])
    assert found["heading"] == "Sea and ice are mixed up most: 12 of 13 mistakes"
    assert [row["pair"].total for row in found["rows"]] == [12, 1]


def test_robustness_names_what_hurts_most() -> None:
    rows = (
        Damaged(change="blur", strength="mild", accuracy=0.9),
        Damaged(change="noise", strength="mild", accuracy=0.915),
        Damaged(change="noise", strength="strong", accuracy=0.6),
    )
    found = run_sections.robustness(Robustness(n=500, rows=rows, clean=0.92))
    assert found is not None
    assert found["heading"] == "Noise hurts it most: up to 32.0 points lost"
    assert [[cell and cell["shade"] for cell in row["cells"]] for row in found["rows"]] == [["b1", None], ["", "b5"]]
    assert run_sections.robustness(None) is None


def test_robustness_where_nothing_hurts() -> None:
    rows = (Damaged(change="blur", strength="mild", accuracy=0.93),)
    found = run_sections.robustness(Robustness(rows=rows, clean=0.93))
    assert found is not None
    assert found["heading"] == "It hardly notices worse photos"


def test_slices_leave_the_classes_to_their_own_table() -> None:
    def slice_of(kind: str, name: str, accuracy: float, low: float, high: float, worse: bool = False) -> Slice:
        return Slice(kind=kind, slice=name, n=9, right=8, accuracy=accuracy, low=low, high=high, p=0.5, worse=worse)

    rows = (
        slice_of("class", "sea", 0.5, 0.2, 0.8),
        slice_of("brightness", "dark", 0.9, 0.7, 0.95),
        slice_of("brightness", "bright", 0.8, 0.6, 0.9, worse=True),
    )
    found = run_sections.slices(Slices(slices=rows), 0.85)
    assert found is not None
    assert [[row["slice"] for row in group] for group in found["groups"]] == [["bright", "dark"]]
    assert found["low"] == pytest.approx(0.6)
    assert "dot bad" in found["groups"][0][0]["whisker"]
    assert run_sections.slices(None, 1) is None


def test_folds_in_a_sentence() -> None:
    assert run_sections.folds(Folds(accuracies=(0.9, 0.92), mean=0.91, spread=0.014)) == (
        "Over 2 folds: 91.0\u00a0% ± 1.4 points (90.0\u00a0% and 92.0\u00a0%)."
        " This is a little hopeful, since each fold also chose which epoch was kept."
    )
    assert run_sections.folds(None) == ""


def test_each_fold_is_held_against_the_mean() -> None:
    def fold(number: int, accuracy: float, low: float, high: float) -> Fold:
        return Fold(
            fold=number, accuracy=accuracy, accuracy_ci95=(low, high), learned=90, held_out=45, right=40,
            phase="tune", epoch=2, epochs=3, seconds=4.0,
        )  # fmt: skip

    def folds(rows: tuple[Fold, ...], mean: float, ensemble: bool = False) -> Folds:
        every = tuple(row.accuracy for row in rows)
        return Folds(accuracies=every, mean=mean, spread=0.01, ensemble=ensemble, folds=rows)

    near = (fold(1, 0.90, 0.80, 0.95), fold(2, 0.92, 0.82, 0.96))
    found = run_sections.each_fold(folds(near, 0.91, ensemble=True))
    assert found is not None
    assert found["heading"] == "The folds agree, as far as chance lets them"
    assert found["ensemble"] and found["low"] == pytest.approx(0.8)
    assert all('class="rule"' in row["whisker"] for row in found["rows"])
    far = run_sections.each_fold(folds((*near, fold(3, 0.5, 0.4, 0.6)), 0.77))
    assert far is not None and far["heading"] == "The folds differ: from 50.0\u00a0% to 92.0\u00a0%"
    assert run_sections.each_fold(None) is None


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
