"""Known faults, planted in a folder of photos: what an audit must find, with the truth of what was planted.

Works on any folder with one sub-folder per class, drawn scenes and real photos alike. It changes the folder that it is
given: plant in a copy.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
from PIL import Image

from sightline.errors import UsageError
from sightline.scenes.damage import CONFUSABLE, CORRUPTIONS, NEAR, near_duplicate, wrong_labels
from sightline.scenes.drawing.off_topic import KINDS, off_topic
from sightline.system.progress import track

COLUMNS = ("path", "fault", "detail", "twin", "true_label")
_COUNTED = ("wrong_labels", "duplicates", "near_duplicates", "conflicts", "leaks", "corrupt", "off_topic")


@dataclass(frozen=True)
class Faults:
    """What to plant. Each number below 1 is a share of the photos, each from 1 on a count."""

    wrong_labels: float = 0
    """Photos moved to the folder of another class."""
    confusable: float = 0.5
    """The share (0-1) of the wrong labels that lies between `pairs`; the others are uniform."""
    pairs: tuple[tuple[str, str], ...] = CONFUSABLE
    duplicates: float = 0
    """Byte-identical copies under the same label."""
    near_duplicates: float = 0
    """Changed copies under the same label; `kinds` take turns."""
    kinds: tuple[str, ...] = ("resaved", "resized", "cropped", "brightness", "mirrored", "text")
    conflicts: float = 0
    """Copies under another label, byte-identical and changed in turn."""
    leaks: float = 0
    """Copies in another split, byte-identical and changed in turn; the folder must have splits."""
    corrupt: float = 0
    """Files that are no photo: `corruptions` take turns."""
    corruptions: tuple[str, ...] = ("truncated", "empty", "text", "random")
    off_topic: float = 0
    """Pictures of something else."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, (int, float)) and value < 0:
                raise UsageError(f"Faults({field.name}={value}): give a share from 0 to 1 or a count.")
        for name, known in (("kinds", NEAR), ("corruptions", CORRUPTIONS)):
            if unknown := set(getattr(self, name)) - set(known):
                raise UsageError(f"Faults({name}=…): {', '.join(sorted(unknown))} unknown. Known: {', '.join(known)}.")


@dataclass(frozen=True)
class Planted:
    """What was planted."""

    root: Path
    table: pd.DataFrame
    """path, fault, detail, twin, true_label: one row per planted file, sorted by path.

    `fault` is wrong-label, duplicate, near-duplicate, conflict, leak, corrupt or off-topic; `detail` says how, its
    first word being the kind; `twin` is the photo that a copy was made from; `true_label` what the photo really shows,
    "" if it is no photo of any class. Paths are relative to `root`.
    """

    def of(self, fault: str) -> pd.DataFrame:
        """The rows of one fault."""
        return self.table[self.table["fault"] == fault].reset_index(drop=True)


def plant(root: str | Path, samples: pd.DataFrame, faults: Faults, seed: int = 0) -> Planted:
    """Plant `faults` in the photos under `root`, in place.

    Each photo takes part in at most one fault, so that a fault's twin is always sound. New files take the next free
    numbers in their folder, so that no name gives them away.

    Args:
        root: the folder that `path` is relative to. It is changed.
        samples: path, label and split of each photo ("" where there are no splits); `path` must hold the label as the
            name of a folder.
        seed: another seed chooses other photos.

    Raises:
        UsageError: there are fewer photos than the faults need, leaks are asked for without splits, or the photos do
            not lie in folders named after their classes.
    """
    work = _Work(Path(root), samples.reset_index(drop=True), faults, seed)
    with track("Planting faults", total=work.total()) as advance:
        for step in (_plant_labels, _plant_copies, _plant_conflicts, _plant_leaks, _plant_corrupt, _plant_off_topic):
            for _ in step(work):
                advance(1)
    table = pd.DataFrame(work.rows, columns=list(COLUMNS)).sort_values("path", ignore_index=True)
    return Planted(Path(root), table)


class _Work:
    """What the steps of planting share: the photos not used yet, the free names, the list of what was done."""

    def __init__(self, root: Path, samples: pd.DataFrame, faults: Faults, seed: int) -> None:
        self.root, self.samples, self.faults, self.seed = root, samples, faults, seed
        self.rng = np.random.default_rng([13, seed])
        self.classes = sorted(samples["label"].unique())
        self.splits = sorted(samples["split"].unique()) if "split" in samples else [""]
        self.rows: list[tuple[str, str, str, str, str]] = []
        self.unused = self.rng.permutation(len(samples)).tolist()
        self._numbers: dict[PurePosixPath, int] = {}
        for path, label in zip(samples["path"], samples["label"], strict=True):
            if label not in PurePosixPath(path).parent.parts:
                raise UsageError(
                    f"{path}: faults are planted only where photos lie in a folder named {label}, their class."
                )
        if self.count("leaks") and len(self.splits) < 2:
            raise UsageError("Faults(leaks=…): leaks lie between splits, and this folder has none.")
        if (self.count("wrong_labels") or self.count("conflicts")) and len(self.classes) < 2:
            raise UsageError("Faults: wrong labels and conflicts need two classes, and this folder has one.")
        if self.total() > len(samples):
            raise UsageError(f"Faults: {self.total()} faults were asked for, but there are only {len(samples)} photos.")

    def count(self, name: str) -> int:
        value = getattr(self.faults, name)
        return round(value * len(self.samples)) if value < 1 else int(value)

    def total(self) -> int:
        return sum(map(self.count, _COUNTED))

    def take(self) -> tuple[str, str]:
        """(path, label) of a photo that no fault has touched yet."""
        row = self.unused.pop()
        return str(self.samples["path"][row]), str(self.samples["label"][row])

    def place(
        self, path: str, label: str, *, target: str | None = None, split: str | None = None, whole: bool = False
    ) -> str:
        """A free name beside `path`, or in the same place of another class or split; `whole`: with its suffix."""
        parts = list(PurePosixPath(path).parent.parts)
        if target is not None:
            parts[len(parts) - 1 - parts[::-1].index(label)] = target
        if split is not None:
            here = str(self.samples.loc[self.samples["path"] == path, "split"].iloc[0])
            parts = [split if part == here else part for part in parts]
        folder = PurePosixPath(*parts)
        (self.root / folder).mkdir(parents=True, exist_ok=True)
        if folder not in self._numbers:
            names = [entry.stem for entry in (self.root / folder).iterdir()]
            self._numbers[folder] = max((int(name) for name in names if name.isascii() and name.isdigit()), default=-1)
        self._numbers[folder] += 1
        suffix = PurePosixPath(path).suffix if whole else ".jpg"
        return str(folder / f"{self._numbers[folder]:04d}{suffix}")

    def other(self, label: str) -> str:
        return str(self.rng.choice([name for name in self.classes if name != label]))

    def copy(self, path: str, target: str, exact: bool, kind: str) -> str:
        """Copy a photo as it stands or changed; says what was done."""
        if exact:
            shutil.copyfile(self.root / path, self.root / target)
            return "copied byte for byte"
        with Image.open(self.root / path) as image:
            content, detail = near_duplicate(image, kind, self.rng)
        (self.root / target).write_bytes(content)
        return detail

    def note(self, path: str, fault: str, detail: str, twin: str, true_label: str) -> None:
        self.rows.append((path, fault, detail, twin, true_label))


def _plant_labels(work: _Work) -> Iterator[None]:
    count = work.count("wrong_labels")
    if not count:
        return
    labels = work.samples["label"].to_numpy(dtype=str)
    between = round(count * work.faults.confusable)
    if not any({a, b} <= set(work.classes) for a, b in work.faults.pairs):
        between = 0  # other classes than the scenes: all wrong labels are uniform
    wrong = wrong_labels(labels, between, work.seed, work.faults.pairs) if between else labels.copy()
    rest = np.flatnonzero(wrong == labels)
    wrong[rest] = wrong_labels(labels[rest], count - between, work.seed + 1)
    changed = np.flatnonzero(wrong != labels)
    used = set(changed.tolist())
    work.unused = [row for row in work.unused if row not in used]
    pairs = {frozenset(pair) for pair in work.faults.pairs}
    for row in changed:
        path, label, given = str(work.samples["path"][row]), str(labels[row]), str(wrong[row])
        target = work.place(path, label, target=given, whole=True)
        (work.root / path).rename(work.root / target)
        kind = "confusable" if frozenset((label, given)) in pairs else "uniform"
        work.note(target, "wrong-label", f"{kind}: {label} filed as {given}", "", label)
        yield


def _plant_copies(work: _Work) -> Iterator[None]:
    plan = [True] * work.count("duplicates") + [False] * work.count("near_duplicates")
    kinds = work.faults.kinds
    for number, exact in enumerate(plan):
        path, label = work.take()
        target = work.place(path, label, whole=exact)
        detail = work.copy(path, target, exact, kinds[number % len(kinds)])
        work.note(target, "duplicate" if exact else "near-duplicate", detail, path, label)
        yield


def _plant_conflicts(work: _Work) -> Iterator[None]:
    kinds = work.faults.kinds
    for number in range(work.count("conflicts")):
        path, label = work.take()
        exact = number % 2 == 0
        target = work.place(path, label, target=work.other(label), whole=exact)
        detail = work.copy(path, target, exact, kinds[number // 2 % len(kinds)])
        work.note(target, "conflict", detail, path, label)
        yield


def _plant_leaks(work: _Work) -> Iterator[None]:
    kinds = work.faults.kinds
    split_of = dict(zip(work.samples["path"], work.samples["split"], strict=True)) if len(work.splits) > 1 else {}
    for number in range(work.count("leaks")):
        path, label = work.take()
        other = str(work.rng.choice([name for name in work.splits if name != split_of[path]]))
        exact = number % 2 == 0
        target = work.place(path, label, split=other, whole=exact)
        detail = work.copy(path, target, exact, kinds[number // 2 % len(kinds)])
        work.note(target, "leak", f"{detail}; {split_of[path]} to {other}", path, label)
        yield


def _plant_corrupt(work: _Work) -> Iterator[None]:
    ways = work.faults.corruptions
    for number in range(work.count("corrupt")):
        path, label = work.take()
        target, way = work.place(path, label, whole=True), ways[number % len(ways)]
        (work.root / target).write_bytes(CORRUPTIONS[way](work.rng, (work.root / path).read_bytes()))
        work.note(target, "corrupt", way, path if way == "truncated" else "", label if way == "truncated" else "")
        yield


def _plant_off_topic(work: _Work) -> Iterator[None]:
    for number in range(work.count("off_topic")):
        path, label = work.take()
        with Image.open(work.root / path) as image:
            size = int(np.clip(min(image.size), 32, 512))
        kind = KINDS[number % len(KINDS)]
        picture = off_topic(work.seed * 1000 + number, size, kind)
        target = work.place(path, label)
        picture.save(work.root / target, "JPEG", quality=int(work.rng.integers(80, 96)))
        work.note(target, "off-topic", kind, "", "")
        yield
