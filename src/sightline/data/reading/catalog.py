"""Named public datasets: where they come from, under which licence, and what is known to be wrong with them.

`fetch` downloads a set once into the cache (`datasets/NAME`) and unpacks it; files that a person put there by hand are
taken as they are. The demo set is not downloaded but drawn.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from sightline.data.reading.archive import BrokenArchive, is_archive, unpack
from sightline.data.reading.download import Unreachable, download
from sightline.data.reading.kept import digest
from sightline.data.reading.naming import is_clutter
from sightline.data.table import Dataset
from sightline.errors import SightlineError, UsageError
from sightline.scenes import write
from sightline.system import cache
from sightline.system.files import write_json
from sightline.system.progress import note

_RECORD = ".first-download.json"


@dataclass(frozen=True)
class Entry:
    """One named dataset."""

    name: str
    title: str
    origin: str
    licence: str
    classes: tuple[str, ...]
    sizes: dict[str, int]
    """Photos per part: "all" where it brings no splits, else train, test and, left aside, unlabelled."""
    known_faults: tuple[str, ...]
    urls: tuple[str, ...] = ()
    """Where to fetch it, best first; none for a set that is drawn."""
    file: str = ""
    """The archive's name in the cache."""
    bytes: int = 0
    """The archive's length; 0 if it is not known."""
    checksum: str = ""
    """SHA-256 of the archive; "" if it is not known."""
    checksum_source: str = ""


_ENTRIES = (
    Entry(
        name="demo-scenes",
        title="Drawn scenes of six kinds, for trying things out: nothing is downloaded",
        origin="drawn by Sightline from random numbers (sightline.scenes.write)",
        licence="none needed: free to use for anything",
        classes=write.CLASSES,
        sizes={"all": 1800},
        known_faults=("drawings, not photos: good figures here promise nothing for photos",),
    ),
    Entry(
        name="flowers",
        title="Flower photos of five kinds, of many sizes",
        origin="the TensorFlow team, 2019, from Flickr; https://www.tensorflow.org/datasets/catalog/tf_flowers",
        licence="CC BY 2.0; the photographers stand in LICENSE.txt in the archive and are to be named",
        classes=("daisy", "dandelion", "roses", "sunflowers", "tulips"),
        sizes={"all": 3670},
        known_faults=(
            "some texts speak of 3,677 photos; it has 3,670",
            "no splits of its own, so published figures on it are seldom comparable",
            "how many of its labels are wrong is not known to us: run `sightline audit flowers`",
        ),
        urls=(
            "https://storage.googleapis.com/download.tensorflow.org/example_images/flower_photos.tgz",
            "http://download.tensorflow.org/example_images/flower_photos.tgz",
        ),
        file="flower_photos.tgz",
        bytes=228_813_984,
        checksum="4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c",
        checksum_source="the checksum record of TensorFlow Datasets (tf_flowers)",
    ),
    Entry(
        name="intel-scenes",
        title="Photos of natural and town scenes of six kinds, nearly all 150 x 150 pixels",
        origin=(
            "Intel, for a challenge on Analytics Vidhya; "
            "https://www.kaggle.com/datasets/puneet6060/intel-image-classification"
        ),
        licence="no open licence is known: the photos are their authors'. For study; do not publish them anew",
        classes=("buildings", "forest", "glacier", "mountain", "sea", "street"),
        sizes={"train": 14034, "test": 3000, "unlabelled": 7301},
        known_faults=(
            "identical photos under two labels: two pairs in a sample of 6,000",
            "test photos that also stand in training",
            "label noise: glacier and mountain, buildings and street overlap, and which is meant is often open",
        ),
        urls=("https://www.kaggle.com/api/v1/datasets/download/puneet6060/intel-image-classification",),
        file="intel-image-classification.zip",
    ),
)


def names() -> list[str]:
    """The names of all sets."""
    return [entry.name for entry in _ENTRIES]


def get(name: str) -> Entry:
    """What is known of a set.

    Raises:
        UsageError: there is none of this name.
    """
    for entry in _ENTRIES:
        if entry.name == name:
            return entry
    raise UsageError(f"{name}: no dataset of this name. There are {', '.join(names())}.")


def describe(entry: Entry) -> list[str]:
    """A set in a few lines for people."""
    sizes = ", ".join(f"{count:,}" if part == "all" else f"{part} {count:,}" for part, count in entry.sizes.items())
    lines = [
        entry.title,
        f"photos   {sizes}; {len(entry.classes)} classes: {', '.join(entry.classes)}",
        f"origin   {entry.origin}",
        f"licence  {entry.licence}",
        *(f"fault    {fault}" for fault in entry.known_faults),
    ]
    if entry.urls:
        lines.append(f"fetched  {entry.urls[0]}")
        known = f"SHA-256 {entry.checksum}, from {entry.checksum_source}"
        unknown = "no checksum is published: it is noted at the first download, and a later one must agree with it"
        lines.append(f"checked  {known if entry.checksum else unknown}")
        lines.append(f"by hand  put the archive, or the folders in it, into {_home(entry)}")
    return lines


def fetch(name: str) -> Path:
    """A set's folder, after downloading (or drawing) it if it is not there.

    Raises:
        UsageError: there is no set of this name.
        SightlineError: there is no network, or what arrives is not the set; the message says what to do by hand.
    """
    entry = get(name)
    return fetch_entry(entry) if entry.urls else demo_scenes()


def fetch_entry(entry: Entry) -> Path:
    """As `fetch`, for a set that need not be in the catalogue."""
    home = _home(entry)
    home.mkdir(parents=True, exist_ok=True)
    cache.touch(home)
    present = sorted(path for path in home.iterdir() if not is_clutter(path.name) and ".part" not in path.suffixes)
    archives = [path for path in present if path.is_file() and is_archive(path)]
    if len(archives) == 1:
        found = digest(archives[0])
        if entry.checksum and found != entry.checksum:
            note(f"Warning: {archives[0]} is not the archive that is known as {entry.name} (its SHA-256 differs).")
        return unpack(archives[0], found).root
    if any(path.is_dir() for path in present):
        return home
    if archives:
        raise SightlineError(f"{home}: holds several archives. Leave the one that is meant.")
    return _download(entry, home)


def check(entry: Entry, dataset: Dataset) -> None:
    """Say so where a copy of a set has other numbers than the set is known to have."""
    counts = dataset.samples["split"].replace("", "all").value_counts().to_dict()
    known = {part: count for part, count in entry.sizes.items() if part != "unlabelled"}
    left_out = int((dataset.problems["action"] == "left out").sum())
    if counts != known or dataset.classes != entry.classes:
        has, should = (
            ", ".join(f"{part} {count:,}" for part, count in sorted(sizes.items())) for sizes in (counts, known)
        )
        note(
            f"Warning: this copy of {entry.name} has {has} photos in {len(dataset.classes)} classes"
            f"{f' ({left_out:,} left out)' if left_out else ''}; "
            f"the set is known to have {should} in {len(entry.classes)}."
        )


def demo_scenes(per_class: int = 300) -> Path:
    """The demo set, drawn at first use: a folder of `per_class` scenes of each of the six classes."""
    # Drawn anew when the drawing changes, so that everybody who has the same version has the same scenes.
    source = Path(write.__file__).parent
    code = b"".join(path.read_bytes() for path in [Path(write.__file__), *sorted((source / "drawing").glob("*.py"))])
    target = cache.folder("datasets") / f"demo-{hashlib.sha256(code).hexdigest()[:12]}-{per_class}"
    if sum(len(files) for _, _, files in os.walk(target)) != per_class * len(write.CLASSES):
        shutil.rmtree(target, ignore_errors=True)
        temporary = target.with_name(f".{secrets.token_hex(6)}.tmp")
        try:
            write.write_scenes(temporary / "demo-scenes", per_class=per_class)
            temporary.rename(target)
        except OSError as error:
            if not target.is_dir():  # else another process drew it meanwhile
                raise SightlineError(f"{target}: cannot be written ({error.strerror or error}).") from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    cache.touch(target)
    return target / "demo-scenes"


def _home(entry: Entry) -> Path:
    return cache.root() / "datasets" / entry.name


def _download(entry: Entry, home: Path) -> Path:
    target = home / entry.file
    first = _first_download(home)
    for url in entry.urls:
        try:
            found = download(url, target, digest=entry.checksum or first, size=entry.bytes)
            break
        except SightlineError as error:
            if url == entry.urls[-1]:
                raise _by_hand(entry, home, error, bool(first)) from error
            note(f"{error} Trying another address.")
    if not entry.checksum and not first:
        write_json(home / _RECORD, {"url": url, "sha256": found, "bytes": target.stat().st_size})
        note(f"{entry.name}: no checksum is published for it. Noted for the next time: SHA-256 {found}.")
    try:
        return unpack(target, found).root
    except BrokenArchive as error:
        target.unlink(missing_ok=True)
        (home / _RECORD).unlink(missing_ok=True)
        broken = SightlineError(f"{url}: what arrived is no whole archive, and was removed. Try again.")
        raise _by_hand(entry, home, broken, False) from error


def _by_hand(entry: Entry, home: Path, error: SightlineError, noted: bool) -> SightlineError:
    first_line = str(error).splitlines()[0]
    if noted and not isinstance(error, Unreachable):
        first_line += f" To accept a changed set, remove {home / _RECORD}."
    return SightlineError(
        f"{entry.name}: {first_line}\nOr fetch {entry.urls[0]} by hand and put it into {home}, as it is or unpacked."
    )


def _first_download(home: Path) -> str:
    """The SHA-256 that was noted when a set without a published checksum was first fetched; "" if it was not."""
    try:
        return str(json.loads((home / _RECORD).read_text(encoding="utf-8"))["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
