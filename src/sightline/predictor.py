"""A model folder -> probabilities: the one predictor that evaluation, the command line, Python and the web site use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from sightline.config import Fit
from sightline.data.decoding import inputs
from sightline.data.decoding.deep import FULL, White
from sightline.data.decoding.fit import steps
from sightline.data.decoding.quarantine import square_guarded
from sightline.data.decoding.regular import Undecodable
from sightline.data.reading.named import unfolded
from sightline.errors import SightlineError
from sightline.models import autotune, engines
from sightline.models.documents import FORMAT_VERSION, Fitted, ModelFacts, Preprocessing
from sightline.models.folder import files_in, load_network, read_facts, save_network
from sightline.models.network import Network
from sightline.system import html, regular
from sightline.system.files import replacing, sha256
from sightline.system.processes import cores
from sightline.system.progress import track
from sightline.trust import calibration, conformal
from sightline.trust.decision import decide
from sightline.trust.familiarity import Familiarity
from sightline.trust.outputs import Outputs
from sightline.version import __version__

NO_NUMBER = "no-answer: the model gives no number for this photo"
"""The error of a photo that can be read but not answered: a label would be invented."""

_TRIED_WITH = 64  # photos, to choose an engine where none are at hand
_TRIED_PIXELS = 64 * 256**2  # in all of them, however large each is
_MOST_REMEMBERED = 1 << 30  # bytes of familiarity.safetensors


class Predictor:
    """A trained network with all that it needs to answer: classes, preprocessing, calibration."""

    def __init__(
        self,
        network: Network,
        engine: engines.Engine,
        *,
        tta: str = "none",
        temperature: float = 1.0,
        threshold: float = 0.0,
        thresholds: Sequence[float] | None = None,
        coverage: float = 0.95,
        familiarity: Familiarity | None = None,
    ) -> None:
        self.network, self.engine, self.tta = network, engine, tta
        self.temperature, self.threshold, self.coverage = temperature, threshold, coverage
        self.thresholds = thresholds
        """Of the sets of each class; None: `threshold` holds for all."""
        self.familiarity = familiarity
        self.threads: int | None = None
        """How many threads decode photos; None: one per core."""
        self.facts: ModelFacts | None = None
        """What the model folder says of itself; None before it was saved or loaded."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order of the outputs."""
        return self.network.classes

    @property
    def fitted(self) -> Fitted:
        """What was fitted on val."""
        each = None if self.thresholds is None else tuple(float(threshold) for threshold in self.thresholds)
        return Fitted(
            temperature=self.temperature,
            threshold=self.threshold,
            coverage=self.coverage,
            coverage_by="all" if each is None else "class",
            thresholds=each,
        )

    @property
    def size(self) -> int:
        """The side in pixels that photos are brought to."""
        return self.network.size

    @property
    def fit(self) -> Fit:
        """How photos are made square."""
        return self.network.fit

    @property
    def white(self) -> White:
        """Of 16-bit samples whose file leaves it open (data/decoding/deep.py)."""
        return self.network.white or FULL

    def __repr__(self) -> str:
        names = ", ".join(self.classes[:6]) + (", …" if len(self.classes) > 6 else "")
        return f"Predictor({self.network.architecture} at {self.size} pixels, {len(self.classes)} classes: {names})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the network, its classes, and what it learned from."""
        facts = self.facts
        return html.lines(repr(self), f"Learned from {facts.dataset}, began with {facts.origin}." if facts else "")

    @classmethod
    def load(
        cls,
        folder: str | Path,
        device: str = "auto",
        photos: int = 0,
        settled: tuple[str, int] | None = None,
    ) -> Predictor:
        """The predictor in a run or a model folder.

        Args:
            device: auto, cpu, cuda, mps.
            photos: how many are to come; many make an engine worth while that is slow to set up.
            settled: the name and batch size of the engine, where it was chosen before; None: the fastest is found.

        Raises:
            UsageError: there is no model at `folder`, or no such device.
            SightlineError: the model is damaged, or of a newer format.
        """
        folder = Path(folder)
        folder = folder / "model" if (folder / "model").is_dir() else folder
        facts = read_facts(folder)
        network = load_network(folder)
        if network.classes != facts.classes:
            raise SightlineError(f"{folder}: config.json and sightline.json name different classes. Copy it again.")
        told = facts.preprocessing
        described = (network.fit, network.white, network.size, network.mean, network.std)
        if described != (told.fit, told.white, told.size, told.mean, told.std):
            raise SightlineError(f"{folder}: config.json and sightline.json prepare photos differently. Copy it again.")
        device = engines.device_of(device)
        tried = max(1, min(_TRIED_WITH, _TRIED_PIXELS // network.size**2))
        sample = np.random.default_rng(0).integers(0, 256, (tried, network.size, network.size, 3), np.uint8)
        known = _familiarity(folder / "familiarity.safetensors")
        _require_answers(network, known, device, sample[:1], folder)
        predictor = cls(
            network,
            engines.make(settled[0], network, device, settled[1])
            if settled
            else autotune.fastest_engine(network, sample, device=device, photos=photos, precision=facts.precision),
            tta=facts.tta,
            temperature=facts.calibration.temperature,
            threshold=facts.calibration.threshold,
            thresholds=facts.calibration.thresholds,
            coverage=facts.calibration.coverage,
            familiarity=known,
        )
        predictor.facts = facts
        return predictor

    def save(self, folder: Path, *, dataset: str, origin: str, members: int | None = None) -> None:
        """Write the model folder; sightline.json, which vouches for the other files, comes last.

        Args:
            folder: where to.
            dataset: the name of the dataset that it learned from.
            origin: where the weights came from at the start, in words.
            members: how many networks the ensemble has; None for a single one.

        Raises:
            SightlineError: the disk is full or the folder cannot be written.
        """
        assert self.familiarity is not None, "a predictor is saved after it was calibrated"
        save_network(self.network, folder)
        with replacing(folder / "familiarity.safetensors") as temporary:
            save_file(self.familiarity.arrays(), temporary)
        files = (*files_in(folder), "familiarity.safetensors")
        mean, std = self.network.mean, self.network.std
        self.facts = ModelFacts(
            format_version=FORMAT_VERSION,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            classes=self.classes,
            preprocessing=Preprocessing(
                size=self.size,
                fit=self.fit,
                white=self.network.white,
                steps=steps(self.fit, self.white),
                mean=mean,
                std=std,
            ),
            tta=self.tta,  # type: ignore[arg-type]  # checked
            precision=self.engine.precision,  # type: ignore[arg-type]  # what was seen to give float32's answers on val
            calibration=self.fitted,
            dataset=dataset,
            origin=origin,
            members=members,
            versions={"sightline": __version__, **_versions()},
            sha256={name: sha256(folder / name) for name in files},
        )
        self.facts.write(folder / "sightline.json")

    def raw(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, S, S, 3) uint8 -> embeddings (n, F), logits (n, K), which tta averages with the mirror's."""
        embeddings, logits = self.engine(pixels)
        if self.tta == "flip":
            logits = (logits + self.engine(np.ascontiguousarray(pixels[:, :, ::-1]))[1]) / 2
        return embeddings, logits

    def judge(self, embeddings: np.ndarray, logits: np.ndarray) -> Outputs:
        """Calibrated probabilities, sets and decisions from what `raw` gave."""
        probabilities = calibration.probabilities(logits, self.temperature)
        sets = conformal.sets(probabilities, self.fitted.limits)
        known = self.familiarity.familiar(embeddings) if self.familiarity else np.ones(len(logits), bool)
        return Outputs(embeddings, logits, probabilities, sets, known, decide(probabilities, sets, known))

    def outputs(self, pixels: np.ndarray) -> Outputs:
        """All that the model says of photos (n, S, S, 3) uint8, prepared as `prepare` does."""
        return self.judge(*self.raw(pixels))

    def prepare(self, photo: Any) -> np.ndarray:
        """One photo as (S, S, 3) uint8, exactly as in training.

        Args:
            photo: as in `predict`, but one.

        Raises:
            Undecodable: it is no picture that can be read.
        """
        return square_guarded(inputs.source_of(photo), self.size, self.fit, self.white)

    def predict(self, photos: Any, names: Iterable[str] | None = None) -> pd.DataFrame:
        """One row for each photo, in order; what cannot be read, or is no photo, is a row with `error`.

        Args:
            photos: one photo or many: paths, folders, the bytes of image files, open files, PIL images, arrays H x W
                or H x W x C, tensors C x H x W, batches of these; as a list, a generator, a pandas column, or a table
                with a column `path`.
            names: what stands in `path`; otherwise the paths themselves, and a number for anything else.

        Returns:
            Columns path, predicted, confidence, p_<class>…, set (class names joined by "|"), familiar, decision, error.

        Raises:
            UsageError: a table has no column of paths, or there are more or fewer `names` than photos.
        """
        rows = list(self.stream(inputs.photos(unfolded(photos), names)))
        return pd.concat(rows, ignore_index=True) if rows else self._table([], [], None)

    def stream(self, photos: inputs.Photos) -> Iterator[pd.DataFrame]:
        """As `predict`, table by table while the photos come, so that memory does not grow with their number."""
        size = max(self.engine.batch, 64)
        with ThreadPoolExecutor(self.threads or cores()) as pool, track("Predicting", photos.total) as advance:

            def started() -> list[tuple[str, Future[np.ndarray | str]]]:
                return [(photo.name, pool.submit(self._try, photo)) for photo in islice(photos.items, size)]

            ahead = started()
            while ahead:
                names, ready = [name for name, _ in ahead], [future.result() for _, future in ahead]
                # The next photos are decoded while the network looks at these.
                ahead = started()
                good = [pixels for pixels in ready if isinstance(pixels, np.ndarray)]
                errors = ["" if isinstance(pixels, np.ndarray) else pixels for pixels in ready]
                yield self._table(names, errors, self.outputs(np.stack(good)) if good else None)
                advance(len(ready))

    def _try(self, photo: inputs.Photo) -> np.ndarray | str:
        try:
            if isinstance(photo.source, Undecodable):
                raise photo.source
            return square_guarded(photo.source, self.size, self.fit, self.white)
        except Undecodable as error:
            return f"{error.problem}: {error.detail}"

    def _table(self, names: Sequence[str], errors: Sequence[str], outputs: Outputs | None) -> pd.DataFrame:
        said, read = list(errors), np.flatnonzero([not error for error in errors])
        if outputs is None:
            k = len(self.classes)
            nothing = np.empty(0)
            outputs = Outputs(nothing, nothing, np.empty((0, k)), np.empty((0, k), bool), nothing, nothing)
        numbers = np.isfinite(outputs.probabilities).all(axis=1)
        for row in read[~numbers]:
            said[row] = NO_NUMBER
        answered: pd.DataFrame = outputs.table(self.classes)[numbers]
        table = answered.set_index(read[numbers]).reindex(range(len(said)))
        table["familiar"] = table["familiar"].astype("boolean")
        for column in ("predicted", "set", "decision"):
            table[column] = table[column].astype(object).where(table[column].notna(), None)
        table.insert(0, "path", list(names))
        return table.assign(error=said)


def _require_answers(network: Network, known: Familiarity, device: str, photo: np.ndarray, folder: Path) -> None:
    """Let the network look at one photo: whoever cannot answer about it cannot answer about any.

    Raises:
        SightlineError: it answers with what is no number, or its embeddings are not those that were remembered.
    """
    try:
        with np.errstate(all="ignore"):
            embeddings, logits = engines.make("eager", network, device, 1)(photo)
    except (RuntimeError, ValueError, IndexError, TypeError) as error:  # what a network raises at a size it cannot take
        raise SightlineError(
            f"{folder / 'config.json'}: the network cannot take photos of {network.size} pixels. Copy the folder again."
        ) from error
    if logits.shape != (1, len(network.classes)) or not np.isfinite(logits).all() or not np.isfinite(embeddings).all():
        raise SightlineError(
            f"{folder}: its weights answer with what is no number. Copy the folder again, or train anew."
        )
    if known.bank.shape[1] != embeddings.shape[1]:
        raise SightlineError(
            f"{folder / 'familiarity.safetensors'}: remembers features of another network. Copy the model folder again."
        )


def _familiarity(path: Path) -> Familiarity:
    regular.require(path, _MOST_REMEMBERED)
    try:
        return Familiarity.from_arrays(load_file(path))
    except (OSError, ValueError, TypeError, SafetensorError) as error:
        raise SightlineError(f"{path}: is damaged. Copy the model folder again.") from error


def _versions() -> dict[str, str]:
    import torch

    from sightline.models.lean import timm

    return {"torch": str(torch.__version__), "timm": timm.__version__}
