"""Every table and archive that a person can hand us, spoiled at random: a dataset inside its folder, or a plain error.

`make prove` does it two thousand times for each kind, and holds each to 20 seconds and the whole to 2 GB.
"""

from __future__ import annotations

import io
import json
import tempfile
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import note
from hypothesis import strategies as st
from PIL import Image

from hostile_archives import ARCHIVES, pack
from hostile_mutations import spoil
from hostile_search import search_a_little, search_far
from sightline.checks.decisions import DECISIONS, apply_decisions, read_decisions
from sightline.data.reading.sources import open_dataset
from sightline.data.table import SPLITS, Dataset
from sightline.data.usable import require_usable
from sightline.errors import SightlineError

KINDS = (
    "labels.csv",
    "labels.tsv",
    "labels.jsonl",
    "labels.parquet",
    "inside.parquet",
    "decisions.csv",
    *ARCHIVES,
)
NAMES = [f"photos/{n}.jpg" for n in range(6)]


def jpeg(value: int = 0) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (value, value, value)).save(out, "JPEG")
    return out.getvalue()


def build(root: Path, kind: str) -> Path:
    """A good table or archive of a kind, with the photos that it is about."""
    labels = ["cat", "dog", "=cat", "cat", "dog", "a|b"]
    rows = pd.DataFrame({"path": NAMES, "label": labels, "split": ["train", "val", "", "test", "", "train"]})
    path = root / kind
    if kind == "labels.zip":
        table = rows.to_csv(index=False).encode()
        pack(path, {"labels.csv": table} | {name: jpeg(number) for number, name in enumerate(NAMES)})
        return path
    if kind in ARCHIVES:
        pack(path, {f"{label}/{name}": jpeg() for name, label in zip(NAMES, labels, strict=True)})
        return path
    (root / "photos").mkdir()
    for number, name in enumerate(NAMES):
        (root / name).write_bytes(jpeg(number))
    if kind == "decisions.csv":
        rows = pd.DataFrame({"path": NAMES, "decision": [*DECISIONS] * 2, "label": ["cat"] * 6})
    if kind == "labels.jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows.to_dict("records")))
    elif kind == "inside.parquet":
        rows.assign(image=[{"bytes": jpeg(n), "path": name} for n, name in enumerate(NAMES)]).to_parquet(path)
    elif path.suffix == ".parquet":
        rows.to_parquet(path, index=False)
    else:
        rows.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return path


def read(path: Path) -> None:
    """Read what was spoiled as a person would."""
    try:
        if path.name == "decisions.csv":
            samples = pd.DataFrame({"path": NAMES, "label": "cat", "split": "", "group": ""}, dtype="str")
            dataset = Dataset.assembled("d", path.parent, samples, classes=["cat", "dog"])
            changed = apply_decisions(dataset, read_decisions(path))
            assert set(changed.samples["label"]) <= {"cat", "dog"}
            return
        dataset = open_dataset(path)
    except SightlineError as error:
        assert str(error).strip()
        assert str(error).count("\n") <= 2
        assert len(str(error)) < 2000
        return
    root = dataset.root.resolve()
    assert set(dataset.samples["label"]) <= set(dataset.classes)
    assert set(dataset.samples["split"]) <= {"", *SPLITS}
    for photo in dataset.samples["path"]:
        assert (dataset.root / photo).resolve().is_relative_to(root)
    dataset.samples.to_parquet(path.parent / "samples.out")
    dataset.problems.to_parquet(path.parent / "problems.out")


def try_one(kind: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory(prefix="sightline-tables-") as place:
        path = build(Path(place), kind)
        note(data.draw(st.composite(spoil)(path), label="damage"))
        read(path)


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_spoiled_was_good(tmp_path: Path, kind: str) -> None:
    path = build(tmp_path, kind)
    if kind != "decisions.csv":
        assert len(open_dataset(path)) == len(NAMES)
    read(path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_spoiled(kind: str) -> None:
    search_a_little(partial(try_one, kind))


@pytest.mark.prove
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("kind", KINDS)
def test_two_thousand_mutations(kind: str) -> None:
    search_far(kind, partial(try_one, kind))


@pytest.mark.parametrize("column", ["path", "label", "split", "decision", "decided"])
def test_a_cell_of_many_letters_is_not_said_whole(tmp_path: Path, column: str) -> None:
    """Found by the search: a split of 5,000 letters stood whole in the error, and the path of a decision."""
    path = build(tmp_path, "decisions.csv" if column.startswith("deci") else "labels.csv")
    pd.read_csv(path).assign(**{"path" if column == "decided" else column: "é" * 5000}).to_csv(path, index=False)
    if column != "label":
        read(path)
        return
    with pytest.raises(SightlineError, match="only one class") as caught:
        require_usable(open_dataset(path))
    assert len(str(caught.value)) < 500


def test_a_header_of_an_archive_is_not_said_whole(tmp_path: Path) -> None:
    """Found by the search: a length of a name in a zip, one bit of it turned, put 64 kB into the error."""
    path = build(tmp_path, "a.zip")
    content = bytearray(path.read_bytes())
    content[27] ^= 2
    path.write_bytes(content)
    with pytest.raises(SightlineError, match="damaged or incomplete") as caught:
        open_dataset(path)
    assert len(str(caught.value)) < 300
