"""A model folder -> probabilities: the one predictor that evaluation, the command line, Python and the web site use."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors.numpy import load_file, save_file

from sightline.data.decoding import inputs
from sightline.data.decoding.quarantine import square_guarded
from sightline.data.decoding.regular import Undecodable
from sightline.errors import SightlineError, UsageError
from sightline.models import engines, zoo
from sightline.system.files import replacing, sha256, write_json
from sightline.system.processes import cores
from sightline.system.progress import track
from sightline.trust import calibration, conformal
from sightline.trust.decision import decide
from sightline.trust.familiarity import Familiarity
from sightline.version import __version__

FORMAT_VERSION = 2
"""The newest that is read. A single network is still written as 1; an ensemble, which came later, as 2."""

_TRIED_WITH = 64  # photos, to choose an engine where none are at hand


@dataclass(frozen=True)
class Outputs:
    """What a network says of n photos."""

    embeddings: np.ndarray  # (n, F) float32
    logits: np.ndarray  # (n, K) float32, averaged over a photo and its mirror where the model says so
    probabilities: np.ndarray  # (n, K) float64, calibrated
    sets: np.ndarray  # (n, K) bool: the classes that the promised coverage leaves
    familiar: np.ndarray  # (n,) bool: is it anything like the training photos?
    decisions: np.ndarray  # (n,) of "answer", "unsure", "unfamiliar"


class Predictor:
    """A trained network with all that it needs to answer: classes, preprocessing, calibration."""

    def __init__(
        self,
        network: zoo.Network,
        engine: engines.Engine,
        *,
        tta: str = "none",
        temperature: float = 1.0,
        threshold: float = 0.0,
        coverage: float = 0.95,
        familiarity: Familiarity | None = None,
    ) -> None:
        self.network, self.engine, self.tta = network, engine, tta
        self.temperature, self.threshold, self.coverage = temperature, threshold, coverage
        self.familiarity = familiarity
        self.facts: dict[str, Any] = {}

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order of the outputs."""
        return self.network.classes

    @property
    def size(self) -> int:
        """The side in pixels that photos are brought to."""
        return self.network.size

    @classmethod
    def load(cls, folder: str | Path, device: str = "auto", photos: int = 0) -> Predictor:
        """The predictor in a run or a model folder.

        Args:
            device: auto, cpu, cuda, mps.
            photos: how many are to come; many make an engine worth while that is slow to set up.

        Raises:
            UsageError: there is no model at `folder`, or no such device.
            SightlineError: the model is damaged, or of a newer format.
        """
        folder = Path(folder)
        folder = folder / "model" if (folder / "model").is_dir() else folder
        facts = _read_facts(folder)
        network = zoo.load(folder)
        arrays = load_file(folder / "familiarity.safetensors")
        calibrated = facts["calibration"]
        device = engines.device_of(device)
        sample = np.random.default_rng(0).integers(0, 256, (_TRIED_WITH, network.size, network.size, 3), np.uint8)
        predictor = cls(
            network,
            engines.choose(network, sample, device=device, photos=photos, precision=facts["precision"]),
            tta=facts["tta"],
            temperature=float(calibrated["temperature"]),
            threshold=float(calibrated["threshold"]),
            coverage=float(calibrated["coverage"]),
            familiarity=Familiarity.from_arrays(arrays),
        )
        predictor.facts = facts
        return predictor

    def save(self, folder: Path, extra: dict[str, Any]) -> None:
        """Write the model folder; sightline.json, which vouches for the other files, comes last."""
        assert self.familiarity is not None, "a predictor is saved after it was calibrated"
        self.network.save(folder)
        with replacing(folder / "familiarity.safetensors") as temporary:
            save_file(self.familiarity.arrays(), temporary)
        files = (*zoo.files_in(folder), "familiarity.safetensors")
        self.facts = {
            "format_version": 1 if self.network.members == 1 else FORMAT_VERSION,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "classes": list(self.classes),
            "preprocessing": {
                "size": self.size,
                "steps": "turn by EXIF; to RGB, alpha over white; shorter side to size (bicubic); centre crop",
                "mean": list(self.network.mean),
                "std": list(self.network.std),
            },
            "tta": self.tta,
            "precision": self.engine.precision,  # what was seen to give the answers of float32 on val
            "calibration": {
                "temperature": self.temperature,
                "threshold": self.threshold,
                "coverage": self.coverage,
            },
            **extra,
            "versions": {"sightline": __version__, **_versions()},
            "sha256": {name: sha256(folder / name) for name in files},
        }
        write_json(folder / "sightline.json", self.facts)

    def raw(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, S, S, 3) uint8 -> embeddings (n, F), logits (n, K), which tta averages with the mirror's."""
        embeddings, logits = self.engine(pixels)
        if self.tta == "flip":
            logits = (logits + self.engine(np.ascontiguousarray(pixels[:, :, ::-1]))[1]) / 2
        return embeddings, logits

    def judge(self, embeddings: np.ndarray, logits: np.ndarray) -> Outputs:
        """Calibrated probabilities, sets and decisions from what `raw` gave."""
        probabilities = calibration.probabilities(logits, self.temperature)
        sets = conformal.sets(probabilities, self.threshold)
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
        return square_guarded(inputs.source_of(photo), self.size)

    def predict(self, photos: Any, names: Iterable[str] | None = None) -> pd.DataFrame:
        """One row for each photo, in order; what cannot be read, or is no photo, is a row with `error`.

        Args:
            photos: one photo or many: paths, the bytes of image files, open files, PIL images, arrays H x W or
                H x W x C, tensors C x H x W, batches of these; as a list, a generator, a pandas column, or a table
                with a column `path`.
            names: what stands in `path`; otherwise the paths themselves, and a number for anything else.

        Returns:
            Columns path, predicted, confidence, p_<class>…, set (class names joined by "|"), familiar, decision, error.
        """
        rows = list(self._batches(inputs.photos(photos, names)))
        return pd.concat(rows, ignore_index=True) if rows else self._table([], [], None)

    def _batches(self, photos: inputs.Photos) -> Iterator[pd.DataFrame]:
        size = max(self.engine.batch, 64)
        with ThreadPoolExecutor(cores()) as pool, track("Predicting", photos.total) as advance:

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
            return square_guarded(photo.source, self.size)
        except Undecodable as error:
            return f"{error.problem}: {error.detail}"

    def _table(self, names: Sequence[str], errors: Sequence[str], outputs: Outputs | None) -> pd.DataFrame:
        rows = np.array([not error for error in errors], dtype=bool)
        n, k = len(errors), len(self.classes)
        probabilities = np.full((n, k), np.nan)
        predicted, sets, familiar, decision = (np.full(n, None, dtype=object) for _ in range(4))
        if outputs is not None:
            labels = np.array(self.classes, dtype=object)
            probabilities[rows] = outputs.probabilities
            predicted[rows] = labels[outputs.probabilities.argmax(1)]
            sets[rows] = ["|".join(labels[inside]) for inside in outputs.sets]
            familiar[rows] = outputs.familiar.astype(object)
            decision[rows] = outputs.decisions.astype(object)
        columns = {
            "path": list(names),
            "predicted": predicted,
            "confidence": probabilities.max(axis=1, initial=-np.inf),
        }
        table = pd.DataFrame({**columns, **{f"p_{name}": probabilities[:, i] for i, name in enumerate(self.classes)}})
        table.loc[~rows, "confidence"] = np.nan
        known = pd.array(familiar, dtype="boolean")
        return table.assign(set=sets, familiar=known, decision=decision, error=list(errors))


def _read_facts(folder: Path) -> dict[str, Any]:
    """sightline.json, after the files that it vouches for were found unchanged."""
    path = folder / "sightline.json"
    if not path.is_file():
        raise UsageError(
            f"{folder}: holds no trained model (no sightline.json). Give a run that is complete, or its model folder."
        )
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        version, digests = int(facts["format_version"]), dict(facts["sha256"])
        {name: float(facts["calibration"][name]) for name in ("temperature", "threshold", "coverage")}
        str(facts["tta"]), str(facts["precision"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SightlineError(f"{path}: is damaged ({error!r}). Copy the model folder again.") from error
    if version > FORMAT_VERSION:
        raise SightlineError(
            f"{path}: has format {version}; this Sightline reads up to {FORMAT_VERSION}. Update Sightline."
        )
    # config.json first: it says which the others are.
    for name in ("config.json", *zoo.files_in(folder), "familiarity.safetensors"):
        if not (folder / name).is_file() or sha256(folder / name) != digests.get(name):
            raise SightlineError(
                f"{folder / name}: is missing or has changed since it was written. Copy the model folder again."
            )
    return dict(facts)


def _versions() -> dict[str, str]:
    import timm
    import torch

    return {"torch": str(torch.__version__), "timm": timm.__version__}
