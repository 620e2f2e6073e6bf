"""What is in a source, cut into parts that stay the same, and the photos of a part, from this disk and from S3."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from sightline.data.decoding.inputs import Photo
from sightline.data.decoding.regular import Undecodable
from sightline.errors import SightlineError, UsageError
from sightline.scale import listing
from sightline.scale.listing import Item, look, opened, part, write
from sightline.scale.photos import photos as photos_of
from sightline.scale.places import Place, place

from .conftest import files_in, shards, tables


def listed(source: str | Path, folder: Path, rows: int = 25) -> tuple[str, Place, list[list[Item]]]:
    """Kind, root and parts of a source, through the file that a job keeps."""
    found = look(place(source), rows)
    parts, count = write(found, folder / "kept.parquet", rows)
    table = opened((folder / "kept.parquet").read_bytes())
    items = [part(table, number) for number in range(parts)]
    assert count == (sum(map(len, items)) if found.kind == "photos" else None)
    return found.kind, found.root, items


def content(photo: Photo) -> bytes:
    return photo.source.read_bytes() if isinstance(photo.source, Path) else bytes(photo.source)  # type: ignore[arg-type]


def all_photos(source: str | Path, folder: Path, rows: int = 25) -> list[Photo]:
    kind, root, parts = listed(source, folder, rows)
    return [photo for items in parts for photo in photos_of(kind, root, items)]


def test_a_folder_is_its_photos_in_the_order_of_names(photos: Path, tmp_path: Path) -> None:
    kind, root, parts = listed(photos, tmp_path)
    assert kind == "photos" and [len(items) for items in parts] == [25, 25, 11]
    assert [item.path for items in parts for item in items] == [
        path.relative_to(photos).as_posix() for path in files_in(photos)
    ]
    found = [photo for items in parts for photo in photos_of(kind, root, items)]
    assert [photo.name for photo in found] == [str(path) for path in files_in(photos)]


def test_loops_of_links_end_and_what_sightline_wrote_is_no_photo(photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(photos, folder)
    (folder / "batch0" / "round").symlink_to(folder)
    ours = folder / "out"
    ours.mkdir()
    (ours / ".sightline").write_text("pictures\n")
    shutil.copy(files_in(photos)[0], ours / "drawn.jpg")
    _, _, parts = listed(folder, tmp_path)
    assert len([item for items in parts for item in items]) == 61


def test_shards_give_the_photos_that_went_in(photos: Path, tmp_path: Path) -> None:
    shards(photos, tmp_path / "shards")
    kind, _, parts = listed(tmp_path / "shards", tmp_path)
    assert kind == "shards" and [len(items) for items in parts] == [1, 1, 1, 1]
    found = all_photos(tmp_path / "shards", tmp_path)
    assert [content(photo) for photo in found] == [path.read_bytes() for path in files_in(photos)]
    assert found[0].name == f"{tmp_path}/shards/shard-0000.tar/batch0/000.jpg"
    one = all_photos(tmp_path / "shards" / "shard-0001.tar", tmp_path)
    assert [photo.name for photo in one] == [photo.name for photo in found[20:40]]


@pytest.mark.parametrize("struct", [True, False])
def test_parquet_files_give_the_photos_that_went_in(photos: Path, tmp_path: Path, struct: bool) -> None:
    tables(photos, tmp_path / "tables", struct)
    kind, _, parts = listed(tmp_path / "tables", tmp_path, rows=14)
    assert kind == "parquet"
    assert [(items[0].path, items[0].first, items[0].groups) for items in parts] == [
        *(("0.parquet", first, min(2, 5 - first)) for first in (0, 2, 4)),
        *(("1.parquet", first, min(2, 5 - first)) for first in (0, 2, 4)),
    ]
    found = all_photos(tmp_path / "tables", tmp_path, rows=14)
    expected = [path for number in range(2) for path in files_in(photos)[number::2]]
    assert [content(photo) for photo in found] == [path.read_bytes() for path in expected]
    assert [photo.name.rpartition(":")[2] for photo in found] == [path.name for path in expected]
    assert found[7].name.startswith(f"{tmp_path}/tables/0.parquet#7:")


def test_a_manifest_names_photos_beside_it_and_none_elsewhere(photos: Path, tmp_path: Path) -> None:
    names = [path.relative_to(photos).as_posix() for path in files_in(photos)]
    folder = tmp_path / "data"
    shutil.copytree(photos, folder)
    (folder / "list.csv").write_text("\n".join(["file_name", *reversed(names), "gone.jpg"]) + "\n")
    found = all_photos(folder / "list.csv", tmp_path)
    assert [photo.name for photo in found] == [f"{folder}/{name}" for name in (*reversed(names), "gone.jpg")]
    (folder / "list.csv").write_text("path\n../../secret.jpg\n")
    with pytest.raises(SightlineError, match="lies outside"):
        all_photos(folder / "list.csv", tmp_path)
    (folder / "list.csv").write_text("colour\nred\n")
    with pytest.raises(SightlineError, match="no column for the photos"):
        all_photos(folder / "list.csv", tmp_path)


def test_s3_gives_the_same_as_this_disk(photos: Path, tmp_path: Path, s3: Any) -> None:
    shards(photos, tmp_path / "shards")
    tables(photos, tmp_path / "tables", True)
    for source, name in ((photos, "new"), (tmp_path / "shards", "shards"), (tmp_path / "tables", "tables")):
        for path in source.rglob("*"):
            if path.is_file():
                place(f"s3://photos/{name}/{path.relative_to(source).as_posix()}").write(path.read_bytes())
        here, there = all_photos(source, tmp_path), all_photos(f"s3://photos/{name}", tmp_path)
        assert [photo.name.replace(str(source), f"s3://photos/{name}") for photo in here] == [p.name for p in there]
        assert [content(photo) for photo in here] == [content(photo) for photo in there]
    names = "\n".join(["path", "new/batch0/000.jpg", "new/gone.jpg"])
    place("s3://photos/list.csv").write(names.encode())
    first, gone = all_photos("s3://photos/list.csv", tmp_path)
    assert first.name == "s3://photos/new/batch0/000.jpg" and content(first) == files_in(photos)[0].read_bytes()
    assert isinstance(gone.source, Undecodable) and gone.source.problem == "unreadable"


def test_a_file_that_vanished_changed_or_breaks_off_is_one_plain_line(photos: Path, tmp_path: Path) -> None:
    shards(photos, tmp_path / "shards")
    kind, root, parts = listed(tmp_path / "shards", tmp_path)
    shard = tmp_path / "shards" / "shard-0001.tar"
    whole = shard.read_bytes()
    shard.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SightlineError, match=r"shard-0001\.tar: has changed since the job began"):
        list(photos_of(kind, root, parts[1]))
    with pytest.raises(SightlineError, match=r"shard-0001\.tar: cannot be read to its end"):
        all_photos(shard, tmp_path)
    shard.unlink()
    with pytest.raises(SightlineError, match=r"shard-0001\.tar: has vanished since the job began"):
        list(photos_of(kind, root, parts[1]))
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(SightlineError, match=r"broken\.parquet: not a readable Parquet file"):
        look(place(tmp_path / "broken.parquet"), 10)


def test_what_is_no_source_is_refused(photos: Path, tmp_path: Path, s3: Any) -> None:
    for nowhere in (tmp_path / "nowhere", "s3://photos/nowhere"):
        with pytest.raises(UsageError, match="there is no such file or folder"):
            look(place(nowhere), 10)
    with pytest.raises(UsageError, match="cannot be read here"):
        place("nonsense://bucket/photos")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SightlineError, match="no photos in it"):
        listed(tmp_path / "empty", tmp_path)
    (tmp_path / "note.txt").write_text("x")
    with pytest.raises(UsageError, match="give a folder of photos"):
        look(place(tmp_path / "note.txt"), 10)
    shutil.copytree(photos, tmp_path / "mixed")
    with tarfile.open(tmp_path / "mixed" / "more.tar", "w"):
        pass
    with pytest.raises(UsageError, match="are not scored in one job"):
        listed(tmp_path / "mixed", tmp_path)


def test_a_store_that_cannot_be_reached_is_one_plain_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(SightlineError, match="s3://photos/new: cannot be reached") as caught:
        look(place("s3://photos/new"), 10)
    assert "\n" not in str(caught.value)


def test_a_photo_far_too_large_is_a_photo_with_a_reason(photos: Path, tmp_path: Path, monkeypatch: Any) -> None:
    shards(photos, tmp_path / "shards")
    monkeypatch.setattr("sightline.scale.photos.MOST_BYTES", 1000)
    found = all_photos(tmp_path / "shards", tmp_path)
    large = [photo for photo in found if isinstance(photo.source, Undecodable)]
    assert len(found) == 61 and len(large) == 60
    assert {photo.source.problem for photo in large} == {"too-large"}  # type: ignore[union-attr]


def test_columns_are_found_by_what_they_hold(photos: Path, tmp_path: Path) -> None:
    tables(photos, tmp_path / "tables", False)
    assert listing.columns_of(place(tmp_path / "tables" / "0.parquet")) == ("path", "content")
