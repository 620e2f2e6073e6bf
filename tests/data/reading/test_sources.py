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
from sightline.data.usable import require_usable
from sightline.errors import SightlineError, UsageError
from sightline.system import marker


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


HEAP = tuple(f"im/{n:02d}.png" for n in range(4))
ROWS = "".join(f"{name},{'cat' if n % 2 else 'dog'}\n" for n, name in enumerate(HEAP))


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("labels.csv", ROWS, "Its first line seems to be a photo already"),
        ("labels.csv", ("path,label\n" + ROWS.replace("cat", "café")).encode("latin-1"), "not text in UTF-8"),
        ("labels.csv", "photo_number,kind\n1,cat\n", "no column for the photos. It has: photo_number, kind"),
        ("labels.xlsx", b"PK\x03\x04", "a spreadsheet, which is not read"),
        ("labels.ods", b"PK\x03\x04", "a spreadsheet, which is not read"),
        ("birds.csv", "path,label\n" + ROWS, "under a name that is not looked for: give it as DATA"),
        ("labels.parquet", b"PAR1", "breaks off: fetch it again"),
    ],
)
def test_a_table_that_could_not_be_used_is_named_with_the_reason(tmp_path, name, content, why):
    fill(tmp_path, *HEAP)
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    dataset = open_dataset(tmp_path)
    assert dataset.classes == ("im",)
    assert dataset.problems[["path", "problem"]].to_numpy().tolist() == [[name, "not used"]]
    assert why in dataset.problems["detail"][0]
    with pytest.raises(SightlineError) as error:
        require_usable(dataset)
    assert f"The table beside it, {name}, was not used: " in str(error.value) and why in str(error.value)
    # Photos without any folder: the reason is the error itself.
    fill(tmp_path / "flat", "1.png")
    (tmp_path / "flat" / name).write_bytes((tmp_path / name).read_bytes())
    with pytest.raises(SightlineError) as error:
        open_dataset(tmp_path / "flat")
    assert f"{name}, was not used: " in str(error.value) and why in str(error.value)


def test_a_table_that_is_broken_further_down_says_where(tmp_path):
    fill(tmp_path, *HEAP)
    (tmp_path / "labels.csv").write_text('path,label\n"' + ROWS)
    with pytest.raises(SightlineError, match=r"labels\.csv, line 2: not valid CSV"):
        open_dataset(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\npath;label\n" + ROWS.replace(",", ";"),
        "# mine\npath,label\n" + ROWS,
        "filename,cat,dog\n" + "".join(f"{name},{n % 2},{1 - n % 2}\n" for n, name in enumerate(HEAP)),
        "id,label\n" + ROWS.replace("im/", "").replace(".png", ""),
    ],
)
def test_tables_as_people_have_them_are_read(tmp_path, text):
    fill(tmp_path, *HEAP)
    (tmp_path / "labels.csv").write_text(text)
    dataset = open_dataset(tmp_path)
    assert dict(zip(dataset.samples["path"], dataset.samples["label"], strict=True)) == {
        name: "cat" if n % 2 else "dog" for n, name in enumerate(HEAP)
    }


def test_the_images_of_a_table_are_named(tmp_path):
    fill(tmp_path, "elsewhere/1.jpg", "elsewhere/2.jpg", "set/3.jpg")
    (tmp_path / "set" / "labels.csv").write_text("image,label\n1.jpg,a\n2.jpg,b\n")
    for data in (tmp_path / "set", tmp_path / "set" / "labels.csv"):
        dataset = open_dataset(data, tmp_path / "elsewhere")
        assert (dataset.root, list(dataset.samples["path"])) == (tmp_path / "elsewhere", ["1.jpg", "2.jpg"])
    with pytest.raises(UsageError, match="no such folder"):
        open_dataset(tmp_path / "set", tmp_path / "nowhere")
    with pytest.raises(UsageError, match="goes with a table of photos and labels"):
        open_dataset(fill(tmp_path / "plain", "a/1.jpg", "b/1.jpg"), tmp_path / "elsewhere")


def test_a_download_that_was_not_finished(tmp_path):
    (tmp_path / "photos.zip.crdownload").write_bytes(b"PK\x03\x04")
    with pytest.raises(SightlineError, match="a download that was not finished"):
        open_dataset(tmp_path / "photos.zip.crdownload")


@pytest.mark.parametrize(
    "inside",
    [
        {".sightline"},
        {"config.yaml", "dataset.json"},
        {"sightline.json", "config.json"},
        {"site.sqlite3", "uploads", "secret-key"},
    ],
)
def test_what_sightline_wrote_is_no_data_wherever_it_lies(tmp_path, inside):
    fill(tmp_path, "cat/1.jpg", "dog/1.jpg", "runs/one/explain/1.jpg", "runs/two/explain/1.jpg", "dog/out/1.jpg")
    for place in ("runs/one", "runs/two", "dog/out"):
        for name in inside:
            (tmp_path / place / name).write_text("a run\n")
    dataset = open_dataset(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert list(dataset.samples["path"]) == ["cat/1.jpg", "dog/1.jpg"]
    assert dataset.problems[["problem", "action"]].to_numpy().tolist() == [["own output", "passed over"]]
    assert "and so are 2 others" in dataset.problems["detail"][0]
    with pytest.raises(SightlineError, match="that Sightline wrote, no photos to learn from"):
        open_dataset(tmp_path / "runs" / "one")
    with pytest.raises(SightlineError, match=r"'one' was written by Sightline \(.+\), so no data"):
        open_dataset(tmp_path / "runs")


def test_photos_that_were_sorted_may_be_learned_from_if_that_is_said(tmp_path):
    marker.mark(tmp_path / "sorted", marker.SORTED)
    fill(tmp_path, "cat/1.jpg", "dog/1.jpg", "sorted/cat/1.jpg", "sorted/dog/1.jpg")
    assert len(open_dataset(tmp_path)) == 2
    assert len(open_dataset(tmp_path / "sorted")) == 2


@pytest.mark.parametrize("name", ["labels.txt", "Train.json", "labels.csv.gz", "labels.dat", "metadata.pkl"])
def test_what_is_named_as_a_list_but_is_none_that_is_read_is_named(tmp_path, name):
    fill(tmp_path, "heap/1.jpg", "heap/2.jpg")
    (tmp_path / name).write_text("heap/1.jpg cat\nheap/2.jpg dog\n")
    with pytest.raises(SightlineError, match="only one class, 'heap'") as error:
        require_usable(open_dataset(tmp_path))
    assert f"{name}, was not used: it is none of the tables that are read" in str(error.value)


def test_a_second_list_beside_the_manifest_is_named(tmp_path):
    fill(tmp_path, "train/1.jpg", "train/2.jpg", "test/3.jpg")
    (tmp_path / "TRAIN.csv").write_text("id,label\n1,cat\n2,dog\n")
    (tmp_path / "test.csv").write_text("id,label\n3,cat\n")
    dataset = open_dataset(tmp_path)
    assert list(dataset.samples["path"]) == ["train/1.jpg", "train/2.jpg"]
    assert [(row.path, row.problem) for row in dataset.problems.itertuples()] == [("test.csv", "not used")]


@pytest.mark.parametrize("data", ["", "  "])
def test_an_empty_name_is_not_the_folder_that_one_stands_in(tmp_path, monkeypatch, data):
    monkeypatch.chdir(fill(tmp_path, "a/1.jpg", "b/2.jpg"))
    with pytest.raises(UsageError, match="empty name"):
        open_dataset(data)


@pytest.mark.parametrize("data", ["https://example.org/photos.zip", "s3://bucket/photos", "file:///photos"])
def test_an_address_gets_a_plain_no(data):
    with pytest.raises(SightlineError, match="is an address"):
        open_dataset(data)
