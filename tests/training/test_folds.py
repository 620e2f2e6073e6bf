"""Folds and ensembles: whole groups, honest figures, exact continuation, a model that the rest of the house takes."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from safetensors.torch import load_file

import sightline
import sightline.tasks.train
from sightline import config, recipes
from sightline.data.table import Dataset, problem_table
from sightline.errors import SightlineError, UsageError
from sightline.judging.compare import cost
from sightline.judging.heat import explain
from sightline.models import engines
from sightline.models.documents import FORMAT_VERSION
from sightline.models.folder import load_network, member
from sightline.predictor import Predictor
from sightline.runs import plan
from sightline.runs.columns import METRICS
from sightline.runs.documents.extras import Folds, Neighbours
from sightline.runs.folder import RunFolder
from sightline.runs.prepare import Prepared, reopen
from sightline.training import folds
from sightline.training.interrupt import Stopped
from sightline.trust import calibration, conformal

# A run in a process of its own, killed at the fourth step of its second fold, after a checkpoint there.
KILLED = """
import os, signal, sys
import sightline
from sightline.training import loop

loop.SECONDS_BETWEEN_CHECKPOINTS = 0.0
def on_step(run, row):
    if row["step"] == 4 and run.name == "2": os.kill(os.getpid(), signal.SIGKILL)
sightline.train(sys.argv[1], out=sys.argv[2], on_step=on_step, **{options!r})
"""


@pytest.fixture(scope="module")
def options(quick: dict) -> dict:
    return {**quick, "epochs": 2, "folds": 2, "ensemble": True}


@pytest.fixture(scope="module")
def joined(once: Callable[[str, Callable[[Path], object]], Path], scenes: Path, options: dict) -> RunFolder:
    """A complete run whose model is an ensemble, and answers in float32 however fast others are. Look, do not touch."""

    def make(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            exact = SimpleNamespace(fastest_engine=lambda network, *_, **__: engines.make("eager", network))
            patch.setattr(folds, "autotune", exact)
            sightline.train(scenes, out=folder / "ensemble", **options)

    return RunFolder(once("folds", make) / "ensemble")


@pytest.fixture(scope="module")
def predictor(joined: RunFolder) -> Predictor:
    return sightline.load(joined.path)


def held_out(run: RunFolder, number: int) -> pd.DataFrame:
    return run.fold(number).predictions()


def prepared(labels: list[str], groups: list[int], split: list[str], named: list[str] | None = None) -> Prepared:
    """Samples alone, for where no photo is looked at."""
    paths = [f"{i}.jpg" for i in range(len(labels))]
    samples = pd.DataFrame({"path": paths, "label": labels, "split": split, "group": named or [""] * len(labels)})
    samples = samples.assign(digest=[f"{i:064d}" for i in range(len(labels))], duplicate_group=groups)
    dataset = Dataset("made", Path(), samples, tuple(sorted(set(labels))), problem_table([]))
    return Prepared(dataset, None, {})  # type: ignore[arg-type]


def test_duplicates_and_groups_are_held_out_whole_and_test_is_in_no_fold() -> None:
    labels = ["a", "b"] * 60
    twins = [i // 4 for i in range(120)]
    cameras = [f"camera {i // 10}" if i < 60 else "" for i in range(120)]
    split = ["test" if i >= 100 else "val" if i % 5 == 0 else "train" for i in range(120)]
    made = prepared(labels, twins, split, cameras)
    samples = folds.deal(made, config.Config(folds=3)).dataset.samples
    assert set(samples["fold"]) == {0, 1, 2, 3}
    assert ((samples["fold"] == 0) == (samples["split"] == "test")).all()
    folded = samples[samples["fold"] > 0]
    assert (folded.groupby("duplicate_group")["fold"].nunique() == 1).all()
    assert (folded[folded["group"] != ""].groupby("group")["fold"].nunique() == 1).all()
    assert (folded.groupby("label")["fold"].nunique() == 3).all()
    assert list(samples["split"]) == split  # the network after the folds has its val as ever
    again = folds.deal(made, config.Config(folds=3, seed=9)).dataset.samples
    assert (again["fold"] == samples["fold"]).all()


def test_in_an_ensemble_every_photo_but_test_is_for_training() -> None:
    split = ["train", "val", "test", "train"] * 10
    made = folds.deal(prepared(["a", "b"] * 20, list(range(40)), split), config.Config(folds=2, ensemble=True))
    assert set(made.dataset.samples["split"]) == {"train", "test"}
    assert list(made.rows("test")) == list(range(2, 40, 4))


def test_each_photo_is_held_out_once_and_by_its_own_fold(joined: RunFolder) -> None:
    samples = joined.samples().set_index("path")
    assert ((samples["fold"] == 0) == (samples["split"] == "test")).all()
    for number in (1, 2):
        found = held_out(joined, number)
        assert set(found["path"]) == set(samples.index[samples["fold"] == number])
        assert not joined.fold(number).checkpoint.exists()
        assert list(joined.fold(number).metrics()["epoch"]) == [1, 2]
        assert len(joined.fold(number).steps())


def test_mean_and_spread_are_those_of_the_photos_held_out(joined: RunFolder) -> None:
    stored = joined.extra(Folds)
    right = [float((held_out(joined, n)["label"] == held_out(joined, n)["predicted"]).mean()) for n in (1, 2)]
    assert list(stored.accuracies) == pytest.approx(right)
    assert stored.mean == pytest.approx(sum(right) / 2)
    assert stored.spread == pytest.approx(abs(right[0] - right[1]) / 2**0.5)
    for row in stored.folds:
        metrics = joined.fold(row.fold).metrics().set_index("epoch")
        assert metrics.loc[row.epoch, "val_accuracy"] == metrics["val_accuracy"].max()
        assert row.learned + row.held_out == int((joined.samples()["fold"] > 0).sum())
    assert "Over 2 folds" in joined.report.read_text()


def test_the_networks_differ_and_each_answers_for_its_own_fold(joined: RunFolder) -> None:
    opened = reopen(joined, 48)
    fold = opened.dataset.samples["fold"].to_numpy()
    other = None
    for number in (1, 2):
        network = load_network(member(joined.model, number))
        alone = Predictor(network, engines.make("eager", network), tta=joined.config().tta)
        rows = np.flatnonzero(fold == number)
        p = calibration.probabilities(alone.raw(opened.pixels.take(rows))[1])
        stored = held_out(joined, number)[[f"p_{name}" for name in network.classes]].to_numpy()
        np.testing.assert_allclose(p, stored, atol=1e-4)
        assert other is None or not np.allclose(other, network.module.get_classifier().weight.detach())
        other = network.module.get_classifier().weight.detach().numpy()


def test_it_is_calibrated_on_answers_for_photos_that_a_network_has_not_learned_from(
    joined: RunFolder, predictor: Predictor
) -> None:
    table = pd.concat([held_out(joined, number) for number in (1, 2)])
    columns = [f"p_{name}" for name in predictor.classes]
    logits = np.log(table[columns].to_numpy())
    labels = table["label"].map({name: i for i, name in enumerate(predictor.classes)}).to_numpy()
    assert predictor.temperature == pytest.approx(calibration.fit_temperature(logits, labels), rel=1e-4)
    p = calibration.probabilities(logits, predictor.temperature)
    assert predictor.threshold == pytest.approx(conformal.fit(p, labels, 0.95), rel=1e-4)
    # They stand as val in the predictions, under the calibration found.
    val = joined.predictions().query("split == 'val'").set_index("path")
    np.testing.assert_allclose(val.loc[table["path"], columns], p, atol=1e-6)


def test_familiarity_is_calibrated_on_photos_that_its_network_has_not_learned_from(
    joined: RunFolder, predictor: Predictor
) -> None:
    samples, memory = joined.samples().set_index("path"), predictor.familiarity
    assert memory is not None
    assert len(memory.distances) == int((samples["fold"] == 1).sum())
    remembered = list(joined.extra(Neighbours).paths)
    assert (samples.loc[remembered, "fold"] == 2).all()
    opened = reopen(joined, 48)
    row_of = {path: row for row, path in enumerate(opened.dataset.samples["path"])}
    first = load_network(member(joined.model, 1))
    embeddings, _ = engines.make("eager", first)(opened.pixels.take(np.array([row_of[path] for path in remembered])))
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    assert ((unit * memory.bank.astype(np.float32)).sum(axis=1) > 0.99).all()


def test_the_model_folder_answers_as_the_run_did(joined: RunFolder, predictor: Predictor, scenes: Path) -> None:
    test = joined.predictions().query("split == 'test'")
    found = predictor.predict([scenes / path for path in test["path"]])
    columns = [f"p_{name}" for name in predictor.classes]
    np.testing.assert_allclose(found[columns], test[columns], atol=1e-4)
    assert list(found["decision"]) == list(test["decision"])
    assert predictor.network.members == 2
    facts = json.loads((joined.model / "sightline.json").read_text())
    assert facts["format_version"] == FORMAT_VERSION
    written = {path.relative_to(joined.model).as_posix() for path in joined.model.rglob("*.*")}
    assert set(facts["sha256"]) == written - {"sightline.json", "README.md"}


def test_a_single_network_is_written_in_the_same_format(run_path: Path) -> None:
    assert json.loads((run_path / "model" / "sightline.json").read_text())["format_version"] == FORMAT_VERSION


def test_a_changed_member_is_noticed(joined: RunFolder, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(joined.model, tmp_path / "model"))
    shutil.copy(copy / "member-1" / "model.safetensors", copy / "member-2" / "model.safetensors")
    with pytest.raises(SightlineError, match=r"member-2.*has changed"):
        sightline.load(copy)


def test_judging_explaining_and_costing_work_on_an_ensemble(
    joined: RunFolder, predictor: Predictor, scenes: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(joined.path, tmp_path / "runs" / "copy"))
    again = sightline.evaluate(run)
    assert again.confusion == joined.known_evaluation().confusion
    photo = predictor.prepare(next((scenes / "sea").iterdir()))
    reasons = explain(predictor, photo[None], joined.extra(Neighbours))
    assert len(reasons[0].neighbours) == 4
    assert np.asarray(reasons[0].heat).ndim == 2
    spent = cost(joined)
    assert spent.parameters == predictor.network.parameters
    assert spent.train_seconds == pytest.approx(sum(row.seconds for row in joined.extra(Folds).folds))


def test_a_run_killed_within_its_second_fold_goes_on_to_the_same_ensemble(
    joined: RunFolder, scenes: Path, options: dict, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    script = textwrap.dedent(KILLED).replace("{options!r}", repr(options))
    done = subprocess.run([sys.executable, "-c", script, str(scenes), str(out)], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    finished = (out / "folds" / "1" / "predictions.parquet").stat().st_mtime_ns
    assert (out / "folds" / "2" / "checkpoint").exists()
    assert not (out / "folds" / "2" / "predictions.parquet").exists()
    run = sightline.tasks.train.resume(out).folder
    assert (out / "folds" / "1" / "predictions.parquet").stat().st_mtime_ns == finished
    for number in (1, 2):
        weights, whole = (load_file(member(r.model, number) / "model.safetensors") for r in (run, joined))
        assert all(weights[name].equal(whole[name]) for name in whole)
        timeless = [column for column in METRICS if column not in ("seconds", "images_per_second")]
        pd.testing.assert_frame_equal(run.fold(number).metrics()[timeless], joined.fold(number).metrics()[timeless])
        pd.testing.assert_frame_equal(run.fold(number).steps(), joined.fold(number).steps())
        pd.testing.assert_frame_equal(held_out(run, number), held_out(joined, number))
    facts, whole_facts = (json.loads((r.model / "sightline.json").read_text()) for r in (run, joined))
    assert facts["calibration"] == whole_facts["calibration"]
    # The test photos may be looked at by another engine, within the bounds that engines keep.
    p, expected = (r.predictions().filter(like="p_").to_numpy() for r in (run, joined))
    np.testing.assert_allclose(p, expected, atol=2e-2)
    assert list(run.predictions()["path"]) == list(joined.predictions()["path"])
    assert run.known_evaluation().test_opened == 1


def test_without_an_ensemble_the_run_is_the_one_that_it_would_have_been(
    run_path: Path, scenes: Path, quick: dict, tmp_path: Path
) -> None:
    run = sightline.train(scenes, out=tmp_path / "run", **quick, folds=2)
    weights, plain = (load_file(path / "model" / "model.safetensors") for path in (run.path, run_path))
    assert all(weights[name].equal(plain[name]) for name in plain)
    samples, before = run.folder.samples(), RunFolder(run_path).samples()
    pd.testing.assert_frame_equal(samples.drop(columns="fold"), before)
    assert len(run.folder.extra(Folds).accuracies) == 2
    assert not list(run.path.glob("model/member-*"))
    assert run.evaluation.test_opened == 1


def test_ctrl_c_in_a_fold_names_the_run_not_the_fold(scenes: Path, options: dict, tmp_path: Path) -> None:
    def press(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(Stopped) as caught:
        sightline.train(scenes, out=tmp_path / "run", on_step=press, **options)
    assert str(caught.value).endswith(f"--resume {tmp_path / 'run'}")
    assert len(RunFolder(tmp_path / "run").fold(1).steps()) == 1


def test_going_on_from_an_ensemble_is_refused(joined: RunFolder) -> None:
    made = recipes.resolve("demo-scratch", {"continues": str(joined.path)})
    with pytest.raises(UsageError, match=r"--from .*is an ensemble"):
        plan.build_network(made, ("a", "b"), 48)


def test_too_few_photos_for_the_folds_is_said_before_training(scenes: Path, quick: dict, tmp_path: Path) -> None:
    few = tmp_path / "few"
    for kind in ("sea", "forest"):
        (few / kind).mkdir(parents=True)
        for path in sorted((scenes / kind).iterdir())[:8]:
            shutil.copy(path, few / kind)
    with pytest.raises(SightlineError, match="--folds 20"):
        sightline.train(few, out=tmp_path / "run", **quick, folds=20)
    assert not (tmp_path / "run" / "folds").exists()
