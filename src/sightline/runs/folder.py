"""The run folder: what is in it, read and written here only.

RUN/config.yaml          every choice, resolved; written first
RUN/dataset.json         name, root, classes, what was set aside, facts about the split
RUN/samples.parquet      every sample with its split, digest and duplicate group
RUN/problems.csv         files that were left out or converted
RUN/metrics.csv          one row per epoch
RUN/steps.csv            one row per optimiser step
RUN/predictions.parquet  val and test
RUN/evaluation.json      the figures on test, looked at once
RUN/extras/NAME.json     what the report shows beyond that: calibration, slices, robustness …
RUN/report.html          for people; written last: the run is complete with it
RUN/folds/1 … K/         of each fold: metrics.csv, steps.csv, checkpoint/, and predictions.parquet once it is finished
RUN/model/               the part that predicts
RUN/checkpoint/          what --resume needs
RUN/log.txt
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

import pandas as pd

from sightline.config import Config, build
from sightline.data.table import SPLITS
from sightline.errors import SightlineError, UsageError
from sightline.recipes.document import read
from sightline.runs.columns import METRICS, PROBLEMS, SAMPLES, STEPS, of_predictions, of_training
from sightline.runs.documents.dataset import DatasetFacts
from sightline.runs.documents.evaluation import Evaluation
from sightline.runs.documents.extra import Extra
from sightline.system import tables
from sightline.system.documents import read_if_there
from sightline.system.files import NoRoom, sweep, write_table, write_text
from sightline.system.marker import MARKER, mark

Status = Literal["complete", "running", "interrupted"]
E = TypeVar("E", bound=Extra)
_LOCK = ".lock"


class RunFolder:
    """One run on disk. Reading a part that is not there yet gives an empty table, or None for a document."""

    def __init__(self, path: str | Path, whole: Path | None = None) -> None:
        self.path = Path(path)
        self.whole = whole or self.path
        """What --resume takes: this folder, or the run that this fold belongs to."""

    @classmethod
    def create(cls, path: str | Path) -> RunFolder:
        """A new, empty run folder.

        Raises:
            UsageError: there is something at `path` already.
            SightlineError: the folder cannot be made.
        """
        path = Path(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
            sweep(path)
            if any(entry.name not in (_LOCK, MARKER) for entry in path.iterdir()):
                raise UsageError(f"--out {path}: is not empty. Choose another folder, or go on with --resume {path}.")
            mark(path, "a run")
        except OSError as error:
            raise SightlineError(f"--out {path}: cannot be made ({error.strerror}). Choose another folder.") from error
        return cls(path)

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """The run at `path`.

        Raises:
            UsageError: there is no run.
        """
        run = cls(path)
        if {entry.name for entry in run.path.glob("*")} - {MARKER} == {_LOCK}:
            raise UsageError(f"{path}: nothing of this run was written yet. Run the command that began it again.")
        if not (run.path / "config.yaml").exists():
            raise UsageError(f"{path}: is not a run (it has no config.yaml). A run is what `sightline train` leaves.")
        return run

    @classmethod
    def all_in(cls, folder: str | Path) -> list[RunFolder]:
        """The runs in `folder`, or `folder` itself if it is one; by name."""
        folder = Path(folder)
        places = [folder, *sorted(folder.iterdir())] if folder.is_dir() else []
        return [cls(place) for place in places if (place / "config.yaml").is_file()]

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.resolve().name

    @property
    def model(self) -> Path:
        """The model folder."""
        return self.path / "model"

    @property
    def checkpoint(self) -> Path:
        """The folder of what --resume needs."""
        return self.path / "checkpoint"

    def fold(self, number: int) -> RunFolder:
        """The files of one fold, counted from 1; they are named as those of a run."""
        return RunFolder(self.path / "folds" / str(number), whole=self.path)

    @property
    def report(self) -> Path:
        """The report for people."""
        return self.path / "report.html"

    @property
    def status(self) -> Status:
        """complete: it has its report; running: a process holds it; interrupted: neither."""
        if self.report.is_file() and (self.path / "evaluation.json").is_file():
            return "complete"
        try:
            with self.hold():
                return "interrupted"
        except SightlineError:
            return "running"

    def withdraw(self) -> None:
        """Take back a start that failed before anything was learned, so that the same command can be given again."""
        if not (self.path / "dataset.json").exists():
            for name in ("config.yaml", "log.txt", "samples.parquet", "problems.csv", MARKER, _LOCK):
                (self.path / name).unlink(missing_ok=True)
            with suppress(OSError):  # not empty: it holds what somebody else put there
                self.path.rmdir()

    @contextmanager
    def work(self) -> Iterator[None]:
        """Hold the run to write into it. What a killed process left half written goes; a full disk says how to go on.

        Raises:
            SightlineError: another process has it, or the disk is full.
        """
        with self.hold():
            sweep(self.path)
            try:
                yield
            except NoRoom as error:
                if not (self.path / "config.yaml").exists():
                    raise  # nothing is there to go on with: the same command begins it again
                raise SightlineError(
                    f"{error.path}: {error.reason}. Free some space, then run: {self._going_on}"
                ) from error

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep other processes from working on this run. The lock goes with the process, however it ends.

        Raises:
            SightlineError: another process has it.
        """
        try:
            descriptor = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError:  # a run on a read-only disk: nobody can be working on it
            yield
            return
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise SightlineError(
                    f"{self.path}: another process is working on this run. Wait for it to end."
                ) from error
            yield
        finally:
            os.close(descriptor)

    # What was chosen

    def config(self) -> Config:
        """Every choice of the run.

        Raises:
            UsageError: config.yaml is absent, damaged or of another version.
        """
        path = self.path / "config.yaml"
        return build(read(path), str(path))

    def write_config(self, config: Config) -> None:
        """Write config.yaml."""
        write_text(self.path / "config.yaml", config.to_yaml())

    # The data

    def dataset(self) -> DatasetFacts | None:
        """dataset.json; None before the photos were prepared.

        Raises:
            SightlineError: the file is damaged.
        """
        return read_if_there(DatasetFacts, self.path / "dataset.json")

    def known_dataset(self) -> DatasetFacts:
        """dataset.json of a run that must have one.

        Raises:
            SightlineError: the file is damaged or is not there.
        """
        found = self.dataset()
        if found is None:
            raise SightlineError(f"{self.path}: does not know its data yet. Finish it: {self._going_on}.")
        return found

    def samples(self) -> pd.DataFrame:
        """Every sample: path (relative to the root), label, split, group, width, height, digest, duplicate_group …

        A run with --folds adds fold: 1 to K where the photo was held out, 0 for test.

        Raises:
            SightlineError: the file is damaged, or a column is missing.
        """
        path = self.path / "samples.parquet"
        found = tables.read_if_there(path, SAMPLES)
        self._require_known(found, path, ("label",), SPLITS)
        return found

    def problems(self) -> pd.DataFrame:
        """path, problem, detail, action of each file that was left out or converted.

        Raises:
            SightlineError: the file is damaged, or a column is missing.
        """
        return tables.read_if_there(self.path / "problems.csv", PROBLEMS)

    def write_data(self, described: DatasetFacts, samples: pd.DataFrame, problems: pd.DataFrame) -> None:
        """Write what the run knows of its data; dataset.json last, so that its presence means all is there."""
        write_table(self.path / "samples.parquet", samples)
        write_table(self.path / "problems.csv", problems)
        described.write(self.path / "dataset.json")

    def remember_dataset(self, described: DatasetFacts) -> None:
        """Note where the photos are now, if the run's disk can be written."""
        with suppress(SightlineError):
            described.write(self.path / "dataset.json")

    # The training

    def metrics(self) -> pd.DataFrame:
        """One row per epoch; columns METRICS.

        Raises:
            SightlineError: the file is damaged, or a column is missing.
        """
        return tables.read_if_there(self.path / "metrics.csv", of_training(METRICS))

    def write_metrics(self, rows: list[dict[str, Any]]) -> None:
        """Write metrics.csv whole."""
        write_table(self.path / "metrics.csv", pd.DataFrame(rows, columns=METRICS))

    def steps(self) -> pd.DataFrame:
        """One row per optimiser step; columns STEPS.

        Raises:
            SightlineError: the file is damaged, or a column is missing.
        """
        return tables.read_if_there(self.path / "steps.csv", of_training(STEPS))

    def write_steps(self, rows: list[dict[str, Any]]) -> None:
        """Write steps.csv whole."""
        write_table(self.path / "steps.csv", pd.DataFrame(rows, columns=STEPS))

    # The result

    def predictions(self) -> pd.DataFrame:
        """val and test: path, split, label (the truth), predicted, confidence, p_<class>…

        In an ensemble val is every photo of the folds, judged by the one network that has not learned from it.

        Raises:
            SightlineError: the file is damaged, or a column is missing.
        """
        path, described = self.path / "predictions.parquet", self.dataset()
        found = tables.read_if_there(path, of_predictions(described.classes if described else ()))
        self._require_known(found, path, ("label", "predicted"), SPLITS)
        return found

    def write_predictions(self, predictions: pd.DataFrame) -> None:
        """Write predictions.parquet."""
        write_table(self.path / "predictions.parquet", predictions)

    def evaluation(self) -> Evaluation | None:
        """The figures on test; None before they were looked at.

        Raises:
            SightlineError: the file is damaged.
        """
        path, described = self.path / "evaluation.json", self.dataset()
        found = read_if_there(Evaluation, path)
        if found and described and found.classes != described.classes:
            raise SightlineError(f"{path}: is damaged: it names other classes than dataset.json.")
        return found

    def known_evaluation(self) -> Evaluation:
        """The figures on test of a run that must have them.

        Raises:
            SightlineError: the file is damaged, or the run is not complete.
        """
        found = self.evaluation()
        if found is None:
            raise SightlineError(f"{self.path}: is not complete. Finish it: {self._going_on}.")
        return found

    def write_evaluation(self, evaluation: Evaluation) -> None:
        """Write evaluation.json: the test photos were looked at, and a resumed run does not look again."""
        evaluation.write(self.path / "evaluation.json")

    def extra(self, kind: type[E]) -> E | None:
        """One of the report's extra parts, such as `extra(Folds)`; None if this run has none.

        Raises:
            SightlineError: the file is damaged.
        """
        return read_if_there(kind, self.path / "extras" / f"{kind.name}.json")

    def write_extra(self, part: Extra) -> None:
        """Write one of the report's extra parts."""
        part.write(self.path / "extras" / f"{part.name}.json")

    def log(self, text: str) -> None:
        """Add a line to log.txt, with the time. A log that cannot be written costs no training."""
        with suppress(OSError), open(self.path / "log.txt", "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{datetime.now():%Y-%m-%d %H:%M:%S}  {text}\n")

    def _require_known(self, table: pd.DataFrame, path: Path, labels: tuple[str, ...], splits: tuple[str, ...]) -> None:
        """Hold the words in a table against the classes of the run and the names of the parts."""
        described = self.dataset()
        known = {name: set(described.classes) for name in labels} if described else {}
        for name, words in {**known, "split": set(splits)}.items():
            if name in table and (odd := set(table[name]) - words):
                raise SightlineError(f"{path}: is damaged: the column {name} holds {str(odd.pop())[:60]!r}.")

    @property
    def _going_on(self) -> str:
        return f"sightline train --resume {self.whole}"


def default_path(dataset: str, model: str, now: datetime | None = None) -> Path:
    """runs/<date>-<time>-<dataset>-<model>/, with only letters, digits, dots and dashes in the names."""
    parts = [f"{now or datetime.now():%Y-%m-%d-%H%M%S}", dataset, model]
    tidy = ("".join(c if c.isalnum() or c in ".-_" else "-" for c in part).strip("-.")[:60] for part in parts)
    return Path("runs") / "-".join(part for part in tidy if part)
