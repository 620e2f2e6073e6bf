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
RUN/failed.txt           why it failed, if it did
RUN/log.txt
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from sightline.config import Config, build
from sightline.data.table import SPLITS
from sightline.errors import SightlineError
from sightline.recipes.document import read
from sightline.runs.columns import METRICS, PROBLEMS, SAMPLES, STEPS, of_predictions, of_training
from sightline.runs.documents.dataset import DatasetFacts
from sightline.runs.documents.evaluation import Evaluation
from sightline.runs.documents.extra import Extra
from sightline.runs.place import Place
from sightline.system import tables
from sightline.system.documents import read_if_there
from sightline.system.files import write_table, write_text
from sightline.system.words import quoted

E = TypeVar("E", bound=Extra)


class RunFolder(Place):
    """One run on disk. Reading a part that is not there yet gives an empty table, or None for a document."""

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
            raise SightlineError(f"{self.path}: does not know its data yet. Finish it: {self.going_on}.")
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
            raise self.incomplete
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

    def _require_known(self, table: pd.DataFrame, path: Path, labels: tuple[str, ...], splits: tuple[str, ...]) -> None:
        """Hold the words in a table against the classes of the run and the names of the parts."""
        described = self.dataset()
        known = {name: set(described.classes) for name in labels} if described else {}
        for name, words in {**known, "split": set(splits)}.items():
            if name in table and (odd := set(table[name]) - words):
                raise SightlineError(f"{path}: is damaged: the column {name} holds {quoted(odd.pop())}.")
