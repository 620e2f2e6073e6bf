"""DATA, whatever it is."""

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from sightline.data.decoding.decode import decode
from sightline.data.reading.sources import open_dataset
from sightline.errors import SightlineError


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))


def fill(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(root / name, "JPEG")
    return root


def test_a_folder_by_any_way_of_naming_it(tmp_path, monkeypatch):
    root = fill(tmp_path / "my pets", "cat/1.jpg", "dog/1.jpg")
    monkeypatch.chdir(root)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "link").symlink_to(root)
    for data in (root, str(root), ".", "cat/..", "~/my pets", tmp_path / "link"):
        dataset = open_dataset(data)
        assert (dataset.name, dataset.root) == ("my pets", root)
        assert len(dataset) == 2


def test_a_zip_of_class_folders(tmp_path):
    root = fill(tmp_path / "pets", "cat/1.jpg", "dog/1.jpg", "__MACOSX/cat/._1.jpg")
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as made:
        for path in sorted(root.rglob("*.jpg")):
            made.write(path, path.relative_to(tmp_path))
        made.writestr("pets/cat/" + "x" * 300 + ".jpg", b"1")
    dataset = open_dataset(tmp_path / "pets.zip")
    assert dataset.name == "pets"
    assert dataset.classes == ("cat", "dog")
    assert list(dataset.problems["problem"]) == ["unreadable"]
    assert all(decode(dataset.root / path).width == 4 for path in dataset.samples["path"])


def test_a_tar_with_a_manifest(tmp_path):
    photo = (fill(tmp_path, "x.jpg") / "x.jpg").read_bytes()
    with tarfile.open(tmp_path / "set.tar.xz", "w:xz") as made:
        for name, data in {
            "s/images/1.jpg": photo,
            "s/images/2.jpg": photo,
            "s/labels.csv": b"file,label\nimages/1.jpg,a\nimages/2.jpg,b\n",
        }.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    dataset = open_dataset(tmp_path / "set.tar.xz")
    assert dataset.name == "set"
    assert list(dataset.samples["label"]) == ["a", "b"]


def test_an_error_about_an_archive_names_the_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "flat.zip", "w") as made:
        made.write(fill(tmp_path, "1.jpg") / "1.jpg", "1.jpg")
    with pytest.raises(SightlineError, match="lie flat") as error:
        open_dataset(tmp_path / "flat.zip")
    assert str(tmp_path / "flat.zip") in str(error.value)
    assert "cache" not in str(error.value)


def test_photos_in_a_heap_with_a_manifest(tmp_path):
    fill(tmp_path, "images/1.jpg", "images/2.jpg")
    (tmp_path / "labels.csv").write_text("image,class\nimages/1.jpg,a\nimages/2.jpg,b\n")
    assert open_dataset(tmp_path).classes == ("a", "b")
    (tmp_path / "labels.csv").rename(tmp_path / "images" / "labels.csv")
    with pytest.raises(SightlineError, match=r"none of its 2 photos is there.*'images/1.jpg', was looked for in"):
        open_dataset(tmp_path)
    (tmp_path / "images" / "labels.csv").unlink()
    assert open_dataset(tmp_path).classes == ("images",)  # one class: preflight says so


def test_class_folders_go_before_a_manifest(tmp_path):
    fill(tmp_path, "cat/1.jpg", "dog/1.jpg")
    (tmp_path / "labels.csv").write_text("path,label\ncat/1.jpg,x\ndog/1.jpg,y\n")
    assert open_dataset(tmp_path).classes == ("cat", "dog")


def test_a_path_goes_before_a_name_of_the_catalogue(tmp_path, monkeypatch):
    fill(tmp_path / "flowers", "cat/1.jpg", "dog/1.jpg")
    monkeypatch.chdir(tmp_path)
    assert open_dataset("flowers").classes == ("cat", "dog")


def test_a_manifest(tmp_path):
    fill(tmp_path, "1.jpg", "2.jpg")
    (tmp_path / "my.tsv").write_text("path\tlabel\n1.jpg\ta\n2.jpg\tb\n")
    dataset = open_dataset(tmp_path / "my.tsv")
    assert (dataset.name, dataset.root) == ("my", tmp_path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            "nothing",
            "no such file or folder.\nGive a folder, a manifest, an archive, hf:owner/name, or one of demo-scenes",
        ),
        ("flower", "no such file or folder. The dataset of the catalogue is called flowers"),
        ("x\0y", "no such file or folder"),
        ("photo.jpg", "is one photo. Give a folder"),
        ("photo.jpg/x", "no such file or folder"),
        ("words.txt", "neither a folder, a manifest"),
        ("n" * 300, "cannot be read"),
        ("empty", "no photos in it"),
    ],
)
def test_what_is_no_dataset_says_so(tmp_path, monkeypatch, data, message):
    fill(tmp_path, "photo.jpg")
    (tmp_path / "words.txt").write_text("hello")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SightlineError) as error:
        open_dataset(data)
    assert message in str(error.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SightlineError, match="not a folder of photos"):
        open_dataset(tmp_path / "pipe")


def test_nothing_is_ever_changed(tmp_path):
    root = fill(tmp_path / "pets", "cat/1.jpg", "dog/1.jpg", "dog/.hidden.jpg")
    (root / "labels.csv").write_text("path,label\ncat/1.jpg,x\n")
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in [root, *root.rglob("*")]}
    open_dataset(root)
    open_dataset(root / "labels.csv")
    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in [root, *root.rglob("*")]} == before


def test_the_real_photos(real_photos):
    dataset = open_dataset(real_photos)
    assert dataset.counts()[""].to_dict() == dict.fromkeys(
        ("buildings", "forest", "glacier", "mountain", "sea", "street"), 1000
    )
    assert len(dataset.problems) == 0
