"""Known faults, planted in a folder of photos: what an audit must find, with the truth of what was planted.

Works on any folder with one sub-folder per class, drawn scenes and real photos alike. It changes the folder that it is
given: plant in a copy.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

from sightline.data.drawing.off_topic import KINDS, off_topic
from sightline.errors import UsageError
from sightline.progress import track

CONFUSABLE = (("buildings", "street"), ("glacier", "mountain"), ("glacier", "sea"))
"""Pairs of scenes that people mix up as well."""

COLUMNS = ("path", "fault", "detail", "twin", "true_label")


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

    `fault` is wrong-label, duplicate, near-duplicate, conflict, leak, corrupt or off-topic; `detail` says how, its first
    word being the kind; `twin` is the photo that a copy was made from; `true_label` what the photo really shows, "" if
    it is no photo of any class. Paths are relative to `root`.
    """

    def of(self, fault: str) -> pd.DataFrame:
        """The rows of one fault."""
        return self.table[self.table["fault"] == fault].reset_index(drop=True)


# -- Near-duplicates: functions over images -------------------------------------------------------------------------


def _resaved(rng: np.random.Generator, image: Image.Image) -> tuple[Image.Image, str]:
    return image, ""


def _resized(rng: np.random.Generator, image: Image.Image) -> tuple[Image.Image, str]:
    share = rng.uniform(0.5, 0.93) if rng.random() < 0.5 else rng.uniform(1.07, 1.5)
    size = tuple(max(8, round(length * share)) for length in image.size)
    return image.resize((size[0], size[1]), Image.Resampling.LANCZOS), f"to {share:.0%}"


def _cropped(rng: np.random.Generator, image: Image.Image) -> tuple[Image.Image, str]:
    width, height = image.size
    lost = rng.uniform(0.02, 0.10, 2)
    left, top = (rng.random(2) * lost * (width, height)).astype(int)
    box = (left, top, left + round(width * (1 - lost[0])), top + round(height * (1 - lost[1])))
    return image.crop(box), f"by {lost[0]:.1%} across, {lost[1]:.1%} down"


def _brightness(rng: np.random.Generator, image: Image.Image) -> tuple[Image.Image, str]:
    change = rng.choice([-1, 1]) * rng.uniform(0.05, 0.20)
    return ImageEnhance.Brightness(image).enhance(1 + change), f"{change:+.0%}"


def _mirrored(rng: np.random.Generator, image: Image.Image) -> tuple[Image.Image, str]:
    return ImageOps.mirror(image), ""


def _text(rng: np.random.Generator, image: Image.Image) -> tuple[Image.Image, str]:
    image = image.copy()
    words = str(rng.choice(["© A. Miller", "DSC_0412", "2019-07-14", "SAMPLE", "photo club"]))
    font = ImageFont.load_default(max(8.0, min(image.size) * rng.uniform(0.05, 0.08)))
    pen = ImageDraw.Draw(image)
    _, _, wide, tall = pen.textbbox((0, 0), words, font=font)
    x = rng.choice([0.02, 0.98]) * (image.width - wide)
    y = rng.choice([0.02, 0.96]) * (image.height - tall)
    pen.text((x, y), words, fill=(255, 255, 255) if rng.random() < 0.7 else (255, 210, 60), font=font)
    return image, f"“{words}”"


NEAR: dict[str, Callable[[np.random.Generator, Image.Image], tuple[Image.Image, str]]] = {
    "resaved": _resaved,
    "resized": _resized,
    "cropped": _cropped,
    "brightness": _brightness,
    "mirrored": _mirrored,
    "text": _text,
}
"""Ways to make a photo the same and yet another file. Each takes a generator and an RGB image, gives image and detail."""


def near_duplicate(image: Image.Image, kind: str, rng: np.random.Generator) -> tuple[bytes, str]:
    """A changed copy of a photo as a JPEG file, and in words what was done, the kind first."""
    changed, detail = NEAR[kind](rng, image.convert("RGB"))
    quality = int(rng.integers(30, 96) if kind == "resaved" else rng.integers(75, 96))
    buffer = io.BytesIO()
    changed.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue(), " ".join(filter(None, (kind, detail, f"JPEG {quality}")))


# -- Corrupt files --------------------------------------------------------------------------------------------------


def _truncated(rng: np.random.Generator, content: bytes) -> bytes:
    return content[: int(len(content) * rng.uniform(0.3, 0.85))]


def _empty(rng: np.random.Generator, content: bytes) -> bytes:
    return b""


def _words(rng: np.random.Generator, content: bytes) -> bytes:
    return b"This is not a photo but a note that somebody gave the wrong name.\n" * int(rng.integers(1, 40))


def _random(rng: np.random.Generator, content: bytes) -> bytes:
    return rng.bytes(int(rng.integers(200, 20_000)))


CORRUPTIONS: dict[str, Callable[[np.random.Generator, bytes], bytes]] = {
    "truncated": _truncated,
    "empty": _empty,
    "text": _words,
    "random": _random,
}
"""Ways to make a file that cannot be read: from a generator and a photo's bytes to the bytes of the bad file."""


# -- Wrong labels: a function over labels ---------------------------------------------------------------------------


def wrong_labels(
    labels: Sequence[str] | NDArray[np.str_], count: int, seed: int = 0, pairs: Sequence[tuple[str, str]] = ()
) -> NDArray[np.str_]:
    """`labels` with `count` of them changed to another class.

    Args:
        pairs: classes that are mistaken for each other; only they change. Empty: any class for any other.

    Raises:
        UsageError: there are fewer labels that could be changed.
    """
    given = np.asarray(labels, dtype=object).astype(str)
    classes = sorted(set(given.tolist()))
    others = {label: [other for other in classes if other != label] for label in classes}
    if pairs:
        others = {
            label: [b if a == label else a for a, b in pairs if label in (a, b) and a in classes and b in classes]
            for label in classes
        }
    rng = np.random.default_rng([11, seed])
    possible = np.flatnonzero([bool(others[label]) for label in given])
    if count > len(possible):
        raise UsageError(f"{count} wrong labels were asked for, but only {len(possible)} photos can be given one.")
    changed = given.astype(object)
    for row in rng.choice(possible, count, replace=False):
        changed[row] = rng.choice(others[given[row]])
    return changed.astype(str)


# -- Planting: functions over a table of samples --------------------------------------------------------------------


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
    work = _Work(Path(root), samples.reset_index(drop=True), faults, np.random.default_rng([13, seed]))
    with track("Planting faults", total=work.total()) as advance:
        for step in (_plant_labels, _plant_copies, _plant_conflicts, _plant_leaks, _plant_corrupt, _plant_off_topic):
            for _ in step(work, seed):
                advance(1)
    table = pd.DataFrame(work.rows, columns=list(COLUMNS)).sort_values("path", ignore_index=True)
    return Planted(Path(root), table)


class _Work:
    """What the steps of planting share: the photos not used yet, the free names, the list of what was done."""

    def __init__(self, root: Path, samples: pd.DataFrame, faults: Faults, rng: np.random.Generator) -> None:
        self.root, self.samples, self.faults, self.rng = root, samples, faults, rng
        self.classes = sorted(samples["label"].unique())
        self.splits = sorted(samples["split"].unique()) if "split" in samples else [""]
        self.rows: list[tuple[str, str, str, str, str]] = []
        self.unused = rng.permutation(len(samples)).tolist()
        self._numbers: dict[PurePosixPath, int] = {}
        if self.total() and (
            stray := [
                p
                for p, label in zip(samples["path"], samples["label"], strict=True)
                if label not in PurePosixPath(p).parent.parts
            ]
        ):
            raise UsageError(
                f"{stray[0]}: faults can only be planted where photos lie in a folder named after their class."
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
        return sum(
            map(
                self.count,
                ("wrong_labels", "duplicates", "near_duplicates", "conflicts", "leaks", "corrupt", "off_topic"),
            )
        )

    def take(self) -> tuple[str, str]:
        """(path, label) of a photo that no fault has touched yet."""
        row = self.unused.pop()
        return str(self.samples["path"][row]), str(self.samples["label"][row])

    def place(self, path: str, label: str, target: str | None = None, split: str | None = None) -> str:
        """A free name beside `path`, or in the same place of another class or split."""
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
        return str(folder / f"{self._numbers[folder]:04d}.jpg")

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


def _plant_labels(work: _Work, seed: int) -> Iterator[None]:
    count = work.count("wrong_labels")
    if not count:
        return
    labels = work.samples["label"].to_numpy(dtype=str)
    between = round(count * work.faults.confusable)
    wrong = wrong_labels(labels, between, seed, work.faults.pairs) if between else labels.copy()
    rest = np.flatnonzero(wrong == labels)
    wrong[rest] = wrong_labels(labels[rest], count - between, seed + 1)
    changed = np.flatnonzero(wrong != labels)
    used = set(changed.tolist())
    work.unused = [row for row in work.unused if row not in used]
    pairs = {frozenset(pair) for pair in work.faults.pairs}
    for row in changed:
        path, label, given = str(work.samples["path"][row]), str(labels[row]), str(wrong[row])
        target = work.place(path, label, target=given)
        (work.root / path).rename(work.root / target)
        kind = "confusable" if frozenset((label, given)) in pairs else "uniform"
        work.note(target, "wrong-label", f"{kind}: {label} filed as {given}", "", label)
        yield


def _plant_copies(work: _Work, seed: int) -> Iterator[None]:
    plan = [True] * work.count("duplicates") + [False] * work.count("near_duplicates")
    kinds = work.faults.kinds
    for number, exact in enumerate(plan):
        path, label = work.take()
        target = work.place(path, label)
        detail = work.copy(path, target, exact, kinds[number % len(kinds)])
        work.note(target, "duplicate" if exact else "near-duplicate", detail, path, label)
        yield


def _plant_conflicts(work: _Work, seed: int) -> Iterator[None]:
    kinds = work.faults.kinds
    for number in range(work.count("conflicts")):
        path, label = work.take()
        target = work.place(path, label, target=work.other(label))
        detail = work.copy(path, target, number % 2 == 0, kinds[number // 2 % len(kinds)])
        work.note(target, "conflict", detail, path, label)
        yield


def _plant_leaks(work: _Work, seed: int) -> Iterator[None]:
    kinds = work.faults.kinds
    split_of = dict(zip(work.samples["path"], work.samples["split"], strict=True)) if len(work.splits) > 1 else {}
    for number in range(work.count("leaks")):
        path, label = work.take()
        other = str(work.rng.choice([name for name in work.splits if name != split_of[path]]))
        target = work.place(path, label, split=other)
        detail = work.copy(path, target, number % 2 == 0, kinds[number // 2 % len(kinds)])
        work.note(target, "leak", f"{detail}; {split_of[path]} to {other}", path, label)
        yield


def _plant_corrupt(work: _Work, seed: int) -> Iterator[None]:
    ways = work.faults.corruptions
    for number in range(work.count("corrupt")):
        path, label = work.take()
        target, way = work.place(path, label), ways[number % len(ways)]
        (work.root / target).write_bytes(CORRUPTIONS[way](work.rng, (work.root / path).read_bytes()))
        work.note(target, "corrupt", way, path if way == "truncated" else "", label if way == "truncated" else "")
        yield


def _plant_off_topic(work: _Work, seed: int) -> Iterator[None]:
    for number in range(work.count("off_topic")):
        path, label = work.take()
        with Image.open(work.root / path) as image:
            size = int(np.clip(min(image.size), 32, 512))
        picture = off_topic(seed * 1000 + number, size)
        target = work.place(path, label)
        picture.save(work.root / target, "JPEG", quality=int(work.rng.integers(80, 96)))
        work.note(target, "off-topic", KINDS[(seed * 1000 + number) % len(KINDS)], "", "")
        yield
