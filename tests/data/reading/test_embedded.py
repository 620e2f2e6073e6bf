"""Parquet tables with the photos in them, as hubs keep them."""

import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from sightline.data.reading import embedded
from sightline.data.reading.embedded import holds_images, write_out
from sightline.data.reading.manifest import read_manifest
from sightline.data.reading.rows import open_table
from sightline.data.reading.sources import open_dataset
from sightline.errors import SightlineError


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))


def photo(value: int, form: str = "JPEG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (value, value, value)).save(out, form)
    return out.getvalue()


def table(path: Path, labels: list, *, names: list[str] | None = None, images=None, **more) -> Path:
    images = images or [{"bytes": photo(n), "path": f"{n}.jpg"} for n in range(len(labels))]
    made = pa.table({"image": images, "label": labels, **more})
    if names:
        features = {"image": {"_type": "Image"}, "label": {"names": names, "_type": "ClassLabel"}}
        made = made.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(made, path)
    return path


def test_photos_and_the_names_of_their_labels(tmp_path):
    path = table(tmp_path / "pets.parquet", [1, 0, 1], names=["dog", "cat"])
    assert holds_images(path)
    dataset = open_dataset(path)
    assert list(dataset.samples["label"]) == ["cat", "dog", "cat"]
    assert dataset.classes == ("cat", "dog")
    assert dataset.name == "pets"
    for number, name in enumerate(dataset.samples["path"]):
        assert name.endswith(".jpg")
        assert (dataset.root / name).read_bytes() == photo(number)


def test_labels_as_text_and_a_column_of_plain_bytes(tmp_path):
    images = [photo(1, "PNG"), photo(2, "WEBP")]
    path = table(tmp_path / "t.parquet", ["b", "a"], images=images, split=["train", "test"], group=["p", "q"])
    dataset = open_dataset(path)
    assert dataset.samples[["label", "split", "group"]].to_numpy().tolist() == [["b", "train", "p"], ["a", "test", "q"]]
    assert [Path(name).suffix for name in dataset.samples["path"]] == [".png", ".webp"]


def test_several_files_each_with_its_split(tmp_path):
    parts = [
        (table(tmp_path / "train-0.parquet", [0, 1], names=["x", "y"]), "train"),
        (table(tmp_path / "train-1.parquet", [1, 1], names=["x", "y"]), "train"),
        (table(tmp_path / "test.parquet", [0], names=["x", "y"]), "test"),
    ]
    place = write_out(parts, "set")
    dataset = read_manifest(open_table(place.path), place.name)
    assert dataset.counts().to_dict() == {"train": {"x": 1, "y": 3}, "test": {"x": 1, "y": 0}}
    assert list(dataset.problems["problem"]) == ["class missing"]


def test_rows_without_a_label_are_left_aside_and_rows_without_a_photo_are_problems(tmp_path):
    images = [{"bytes": photo(n), "path": None} for n in range(4)] + [{"bytes": None, "path": "gone.jpg"}]
    dataset = open_dataset(table(tmp_path / "t.parquet", [0, -1, 1, None, 0], names=["x", "y"], images=images))
    assert len(dataset) == 2
    assert dataset.set_aside == ("t.parquet: 2 rows without a label",)
    assert list(dataset.problems["path"]) == ["t.parquet row 4"]


def test_the_second_time_nothing_is_written(tmp_path, monkeypatch):
    path = table(tmp_path / "t.parquet", ["a", "b"])
    root = open_dataset(path).root
    monkeypatch.setattr(embedded, "_rows", None)
    assert open_dataset(path).root == root


def test_photos_that_are_no_photos_are_left_to_preflight(tmp_path):
    path = table(
        tmp_path / "t.parquet", ["a", "b"], images=[{"bytes": b"words", "path": "x"}, {"bytes": photo(1), "path": "y"}]
    )
    assert [Path(name).suffix for name in open_dataset(path).samples["path"]] == [".bin", ".jpg"]


def test_a_table_of_paths_is_no_table_of_photos(tmp_path):
    pq.write_table(pa.table({"path": ["a"], "label": ["b"]}), tmp_path / "t.parquet")
    assert not holds_images(tmp_path / "t.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    assert not holds_images(tmp_path / "broken.parquet")


def test_what_is_missing_is_named(tmp_path):
    pq.write_table(pa.table({"image": [photo(1)], "colour": ["b"]}), tmp_path / "t.parquet")
    with pytest.raises(SightlineError, match=r"needs a column called label\. It has: image, colour"):
        open_dataset(tmp_path / "t.parquet")
    pq.write_table(pa.table({"image": [photo(1)], "photo": [photo(2)], "label": ["b"]}), tmp_path / "u.parquet")
    with pytest.raises(SightlineError, match="needs one column of photos"):
        open_dataset(tmp_path / "u.parquet")
    assert not list((tmp_path / "cache" / "tables").iterdir())


def test_a_table_that_unpacks_to_far_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "ALWAYS_ALLOWED", 1 << 20)
    monkeypatch.setattr(embedded, "MOST_RATIO", 2)
    path = table(tmp_path / "t.parquet", ["a"] * 8, images=[{"bytes": bytes(1 << 20), "path": "x"}] * 8)
    assert path.stat().st_size < 100_000
    with pytest.raises(SightlineError, match="unpacks to far more"):
        open_dataset(path)
    assert not list((tmp_path / "cache" / "tables").iterdir())
