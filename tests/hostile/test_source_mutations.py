"""What `predict` is given many photos in, spoiled at random: shards, Parquet files, lists, and the folder of a job.

Whatever comes of it is photos, each with its bytes or the reason why there are none, or a plain error. `make prove`
does it two thousand times for each kind, and holds each to 20 seconds and the whole to 2 GB.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import note
from hypothesis import strategies as st
from PIL import Image

from hostile_archives import pack
from hostile_mutations import spoil
from hostile_search import search_a_little, search_far
from pictures import encoded
from sightline.data.decoding.regular import Undecodable
from sightline.errors import SightlineError
from sightline.scale import job, listing
from sightline.scale.photos import photos
from sightline.scale.places import Place, place

SOURCES = ("a.tar", "a.tar.gz", "photos.parquet", "list.csv", "listing.parquet", "job.json", "parts.json", "part")
NAMES = [f"{number}.jpg" for number in range(6)]


def build(root: Path, kind: str) -> Path:
    """A good source of six photos, or a file of a job that scores them; returns what is to be spoiled."""
    for number, name in enumerate(NAMES):
        (root / name).write_bytes(jpeg(number))
    path = root / kind
    if kind.startswith("a."):
        pack(path, {name: jpeg(number) for number, name in enumerate(NAMES)} | {"0.cls": b"1"})
    elif kind == "photos.parquet":
        cells = [{"bytes": jpeg(number), "path": name} for number, name in enumerate(NAMES)]
        pd.DataFrame({"image": cells}).to_parquet(path, row_group_size=2)
    elif kind == "list.csv":
        pd.DataFrame({"path": NAMES}).to_csv(path, index=False)
    elif kind == "listing.parquet":
        listing.write(listing.look(place(root / "0.jpg"), 2), path, 2)
    elif kind == "job.json":
        made = job.Job(
            source=str(root), kind="photos", root=str(root), model="0" * 64, classes=("a", "b"), part_rows=2, parts=3,
            photos=6, device="cpu", engine="eager", batch=4, cores=1, sightline="1",
        )  # fmt: skip
        job.write(place(root), kind, made)
    else:
        row = {"path": "0.jpg", "predicted": "a", "confidence": 0.5, "p_a": 0.5, "p_b": 0.5, "set": "a"}
        table = pd.DataFrame([row | {"familiar": True, "decision": "answer", "error": ""}])
        (root / "parts").mkdir()
        part = job.write_part(place(root), 0, table, ("a", "b"))
        if kind == "part":
            return root / "parts" / job.name(0)
        job.write(place(root), kind, job.Parts(rows=1, unreadable=0, columns=("path",), parts=(part,)))
    return path


def read(path: Path, root: Path) -> int:
    """Read it as `predict --on ray` would; how many photos it holds."""
    try:
        if path.name == "job.json":
            found = job.read(place(root))
            return len(found.classes) if found else 0
        if path.name == "parts.json":
            return job.Parts.parse(place(path).read(1 << 30), str(path)).rows
        if path.parent.name == "parts":
            return job.counted(place(root), 0, 1).rows
        if path.name == "listing.parquet":
            return _through(root, "photos", place(root))
        source = listing.look(place(path), 2)
        (root / "job").mkdir()
        listing.write(source, root / "job" / "listing.parquet", 2)
        return _through(root / "job", source.kind, source.root)
    except SightlineError as error:
        assert str(error).strip() and str(error).count("\n") <= 2 and len(str(error)) < 2000
        return 0


def jpeg(value: int) -> bytes:
    return encoded(Image.new("RGB", (8, 8), (value, value, value)), "JPEG")


def _through(folder: Path, kind: str, root: Place) -> int:
    listed, count = listing.opened(job.listing(place(folder))), 0
    for number in range(listed.num_row_groups):
        for photo in photos(kind, root, listing.part(listed, number)):
            assert isinstance(photo.source, (bytes, Path, Undecodable)) and photo.name
            count += 1
    return count


def try_one(kind: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory(prefix="sightline-sources-") as folder:
        path = build(Path(folder), kind)
        note(data.draw(st.composite(spoil)(path), label="damage"))
        read(path, Path(folder))


@pytest.mark.parametrize("kind", SOURCES)
def test_what_is_spoiled_was_good(tmp_path: Path, kind: str) -> None:
    expected = {"job.json": 2, "listing.parquet": 1, "parts.json": 1, "part": 1}
    assert read(build(tmp_path, kind), tmp_path) == expected.get(kind, len(NAMES))


@pytest.mark.parametrize("kind", SOURCES)
def test_a_source_spoiled(kind: str) -> None:
    search_a_little(partial(try_one, kind))


@pytest.mark.prove
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("kind", SOURCES)
def test_two_thousand_mutations(kind: str) -> None:
    search_far(kind, partial(try_one, kind))
