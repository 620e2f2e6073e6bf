"""The catalogue: what it says, and fetching a set from a local server that misbehaves."""

import hashlib
import io
import re
import shutil
import tarfile
import threading
import zipfile
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image

from sightline.data.reading import catalog, download
from sightline.data.reading.sources import open_dataset, open_folder
from sightline.errors import SightlineError, UsageError

CLASSES = ("sea", "street")


class Quiet(SimpleHTTPRequestHandler):
    cuts = 0  # how many answers are still to be cut
    asked = 0

    def log_message(self, *args):
        pass

    def copyfile(self, source, outputfile):
        type(self).asked += 1
        data = source.read()
        if type(self).cuts:
            type(self).cuts -= 1
            data = data[: len(data) // 2]
        outputfile.write(data)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A server with `set.zip` and `set.tgz` in the Kaggle form, and a cache of its own."""
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(download, "_PAUSES", (0.0,))
    photo = io.BytesIO()
    Image.new("RGB", (8, 8)).save(photo, "JPEG")
    names = [
        f"seg_{part}/seg_{part}/{label}/{n}.jpg" for part in ("train", "test") for label in CLASSES for n in range(4)
    ]
    names += [f"seg_pred/seg_pred/{n}.jpg" for n in range(5)]
    www = tmp_path / "www"
    www.mkdir()
    with zipfile.ZipFile(www / "set.zip", "w") as made:
        for number, name in enumerate(names):
            made.writestr(name, photo.getvalue() + bytes([number]) * 2000)
    with tarfile.open(www / "set.tgz", "w:gz") as made:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(photo.getvalue())
            made.addfile(info, io.BytesIO(photo.getvalue()))
    handler = type("Handler", (Quiet,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(www)))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield type("Site", (), {"url": f"http://127.0.0.1:{server.server_port}", "www": www, "handler": handler})
    server.shutdown()
    server.server_close()


@pytest.fixture
def entry(site):
    return catalog.Entry(
        name="scenes-test",
        title="A set for tests",
        origin="made here",
        licence="none",
        classes=CLASSES,
        sizes={"train": 8, "test": 8, "unlabelled": 5},
        known_faults=(),
        urls=(f"{site.url}/set.zip",),
        file="set.zip",
    )


def known(entry, site):
    return replace(entry, checksum=hashlib.sha256((site.www / "set.zip").read_bytes()).hexdigest())


@pytest.mark.parametrize("name", catalog.names())
def test_every_set_says_where_it_is_from_and_what_is_wrong_with_it(name):
    entry = catalog.get(name)
    text = "\n".join(catalog.describe(entry))
    assert entry.classes == tuple(sorted(entry.classes))
    for told in (entry.origin, entry.licence, *entry.known_faults, *entry.classes):
        assert told in text
    assert entry.known_faults
    if entry.urls:
        assert all(url.startswith("https://") or entry.checksum for url in entry.urls)
        assert re.fullmatch(r"[0-9a-f]{64}", entry.checksum) or "no checksum is published" in text
        assert "by hand" in text


def test_the_numbers_of_the_public_sets():
    assert catalog.get("intel-scenes").sizes == {"train": 14034, "test": 3000, "unlabelled": 7301}
    assert len(catalog.get("intel-scenes").classes) == 6
    assert catalog.get("flowers").sizes == {"all": 3670}
    assert len(catalog.get("flowers").classes) == 5
    with pytest.raises(UsageError, match=r"no dataset of this name\. There are demo-scenes, flowers, intel-scenes"):
        catalog.get("flower")


def test_a_set_is_fetched_unpacked_and_read(entry, site):
    dataset = open_folder(catalog.fetch_entry(known(entry, site)), "scenes-test")
    assert dataset.counts()["train"].to_dict() == {"sea": 4, "street": 4}
    assert dataset.set_aside == ("seg_pred",)
    assert open_folder(catalog.fetch_entry(known(entry, site)), "x").root == dataset.root
    assert site.handler.asked == 1


def test_a_tar_from_a_server_that_cuts_connections(entry, site):
    site.handler.cuts = 1
    tar = replace(entry, urls=(f"{site.url}/set.tgz",), file="set.tgz")
    assert len(open_folder(catalog.fetch_entry(tar), "x")) == 16


def test_a_set_without_a_checksum_is_noted_at_first_and_must_agree_later(entry, site, capsys, tmp_path):
    catalog.fetch_entry(entry)
    digest = hashlib.sha256((site.www / "set.zip").read_bytes()).hexdigest()
    assert f"no checksum is published for it. Noted for the next time: SHA-256 {digest}" in capsys.readouterr().err

    home = tmp_path / "cache" / "datasets" / "scenes-test"
    (home / "set.zip").unlink()
    catalog.fetch_entry(entry)  # the same again: fine
    (home / "set.zip").unlink()
    shutil.copy(site.www / "set.tgz", site.www / "set.zip")
    with pytest.raises(SightlineError, match=r"not the file that is known.*To accept a changed set, remove .*"):
        catalog.fetch_entry(entry)
    (home / ".first-download.json").unlink()
    assert len(open_folder(catalog.fetch_entry(entry), "x")) == 16


def test_a_wrong_checksum_is_refused(entry, site):
    with pytest.raises(SightlineError, match="not the file that is known"):
        catalog.fetch_entry(replace(entry, checksum="0" * 64))


def test_what_is_no_archive_is_removed_and_can_be_fetched_again(entry, site, tmp_path):
    whole = (site.www / "set.zip").read_bytes()
    (site.www / "set.zip").write_bytes(whole[: len(whole) // 2])  # a lie that no length tells
    with pytest.raises(SightlineError, match="no whole archive, and was removed"):
        catalog.fetch_entry(entry)
    (site.www / "set.zip").write_bytes(whole)
    assert len(open_folder(catalog.fetch_entry(entry), "x")) == 16


def test_a_second_address_is_tried(entry, site, capsys):
    two = replace(entry, urls=(f"{site.url}/gone.zip", *entry.urls))
    assert len(open_folder(catalog.fetch_entry(two), "x")) == 16
    assert "does not have it. Trying another address." in capsys.readouterr().err


def test_without_a_network_it_says_where_to_put_the_files(entry, site, tmp_path):
    away = replace(entry, urls=("http://no-such-host.invalid/set.zip",))
    with pytest.raises(SightlineError) as error:
        catalog.fetch_entry(away)
    home = tmp_path / "cache" / "datasets" / "scenes-test"
    assert "there seems to be no network" in str(error.value)
    assert f"fetch http://no-such-host.invalid/set.zip by hand and put it into {home}" in str(error.value)
    assert len(str(error.value).splitlines()) == 2

    shutil.copy(site.www / "set.tgz", home / "download (1).tgz")  # as it is, whatever it is called
    assert len(open_folder(catalog.fetch_entry(away), "x")) == 16
    shutil.copy(site.www / "set.zip", home)
    with pytest.raises(SightlineError, match="holds several archives"):
        catalog.fetch_entry(away)
    for path in home.glob("*.*"):
        path.unlink()
    shutil.unpack_archive(site.www / "set.zip", home)  # or unpacked
    assert catalog.fetch_entry(away) == home
    assert len(open_folder(home, "x")) == 16


def test_another_archive_than_the_known_one_put_there_by_hand_is_mentioned(entry, site, tmp_path, capsys):
    home = tmp_path / "cache" / "datasets" / "scenes-test"
    home.mkdir(parents=True)
    shutil.copy(site.www / "set.tgz", home)
    catalog.fetch_entry(known(entry, site))
    assert "is not the archive that is known as scenes-test" in capsys.readouterr().err


def test_a_copy_with_other_numbers_is_mentioned(entry, site, capsys):
    dataset = open_folder(catalog.fetch_entry(entry), "scenes-test")
    capsys.readouterr()
    catalog.check(entry, dataset)
    assert capsys.readouterr().err == ""
    catalog.check(replace(entry, sizes={"train": 9, "test": 8}), dataset)
    assert "has test 8, train 8 photos in 2 classes" in capsys.readouterr().err


def test_the_demo_set_is_drawn_once(tmp_path, monkeypatch):
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))
    root = catalog.demo_scenes(per_class=1)
    dataset = open_dataset(root)
    assert dataset.name == "demo-scenes"
    assert dataset.counts()[""].to_dict() == dict.fromkeys(catalog.get("demo-scenes").classes, 1)
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*.jpg")}
    assert catalog.demo_scenes(per_class=1) == root
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*.jpg")} == before
    next(root.rglob("*.jpg")).unlink()
    assert len(list(catalog.demo_scenes(per_class=1).rglob("*.jpg"))) == 6
    assert not list((tmp_path / "cache" / "datasets").glob(".*"))
