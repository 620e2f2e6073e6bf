"""hf:owner/name, against a small local server that speaks as much of the hub's language as is needed."""

import hashlib
import io
import json
import re
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit

import huggingface_hub.constants
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from sightline.data.reading import hub
from sightline.data.reading.sources import open_dataset
from sightline.errors import SightlineError, UsageError

COMMIT = "1" * 40


def photo(value: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (value, value, value)).save(out, "JPEG")
    return out.getvalue()


class Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    files: ClassVar[dict[str, bytes]] = {}
    fetched: ClassVar[list[str]] = []

    def log_message(self, *args):
        pass

    def answer(self, code: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)
        if found := re.fullmatch(r"/api/datasets/owner/set(/revision/(?P<revision>.+))?", path):
            if found["revision"] not in (None, "main", "v1", COMMIT):
                return self.answer(404, X_Error_Code="RevisionNotFound", X_Error_Message="no such revision")
            siblings = [{"rfilename": name} for name in self.files]
            return self.answer(200, json.dumps({"id": "owner/set", "sha": COMMIT, "siblings": siblings}).encode())
        if re.fullmatch(rf"/api/datasets/owner/set/tree/{COMMIT}", path):
            listing = [
                {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
                for name, data in self.files.items()
            ]
            return self.answer(200, json.dumps(listing).encode(), Content_Type="application/json")
        if found := re.fullmatch(rf"/datasets/owner/set/resolve/{COMMIT}/(?P<name>.+)", path):
            data = self.files[found["name"]]
            if self.command == "GET":
                self.fetched.append(found["name"])
            tag = f'"{hashlib.sha1(data).hexdigest()}"'
            return self.answer(200, data, ETag=tag, X_Repo_Commit=COMMIT, Accept_Ranges="bytes")
        return self.answer(404, X_Error_Code="RepoNotFound", X_Error_Message="no such repository")


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """`serve(files)` puts files on a hub of our own, with a cache of our own."""
    handler = type("Handler", (Hub,), {"files": {}, "fetched": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    for name, value in {
        "HF_HUB_OFFLINE": False,
        "HF_HUB_CACHE": str(tmp_path / "hub"),
        "HF_HUB_DISABLE_PROGRESS_BARS": True,
        "HF_HUB_DISABLE_XET": True,
        "HF_HUB_DISABLE_IMPLICIT_TOKEN": True,
    }.items():
        monkeypatch.setattr(huggingface_hub.constants, name, value)

    def put(files: dict[str, bytes]) -> type[Hub]:
        handler.files = files
        return handler

    put.stop = lambda: (server.shutdown(), server.server_close())
    yield put
    put.stop()


def parquet(labels: list[int]) -> bytes:
    out = io.BytesIO()
    made = pa.table({"image": [{"bytes": photo(n), "path": None} for n in range(len(labels))], "label": labels})
    names = {"info": {"features": {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}
    pq.write_table(made.replace_schema_metadata({"huggingface": json.dumps(names)}), out)
    return out.getvalue()


def test_a_folder_of_photos(serve):
    names = [f"{part}/{label}/{n}.jpg" for part in ("train", "test") for label in ("cat", "dog") for n in (1, 2)]
    files = {name: photo(number) for number, name in enumerate(names)}
    handler = serve({**files, "README.md": b"# a set", "loader.py": b"raise SystemExit", "weights.bin": b"x"})
    dataset = open_dataset("hf:owner/set")
    assert dataset.counts().to_dict() == {"train": {"cat": 2, "dog": 2}, "test": {"cat": 2, "dog": 2}}
    assert dataset.name == "set"
    assert COMMIT in dataset.root.parts
    assert sorted(handler.fetched) == sorted(files)  # no script, no weights


def test_what_was_fetched_is_found_again_without_a_network(serve):
    serve({f"{label}/{n}.jpg": photo(n) for label in ("cat", "dog") for n in (1, 2)})
    first = open_dataset("hf:owner/set")
    serve.stop()
    again = open_dataset("hf:owner/set")
    assert again.root == first.root
    assert len(again) == 4


def test_a_table_of_paths_beside_photos_in_a_heap(serve):
    serve(
        {
            "images/1.jpg": photo(1),
            "images/2.jpg": photo(2),
            "metadata.csv": b"file_name,label\nimages/1.jpg,a\nimages/2.jpg,b\n",
        }
    )
    assert open_dataset("hf:owner/set").classes == ("a", "b")


def test_photos_in_parquet_files(serve):
    serve({"data/train-00000-of-00002.parquet": parquet([0, 1]), "data/train-00001-of-00002.parquet": parquet([1, 1]),
           "data/validation-00000-of-00001.parquet": parquet([1, 0])})  # fmt: skip
    dataset = open_dataset("hf:owner/set@v1")
    assert dataset.counts().to_dict() == {"train": {"cat": 1, "dog": 3}, "val": {"cat": 1, "dog": 1}}


def test_several_sets_in_one_repository(serve):
    serve({"big/train-0.parquet": parquet([0, 1]), "small/train-0.parquet": parquet([1, 0, 0])})
    with pytest.raises(SightlineError, match=r"several datasets \(big, small\)\. Name one: hf:owner/set/FOLDER"):
        open_dataset("hf:owner/set")
    assert len(open_dataset("hf:owner/set/small")) == 3


def test_an_archive_in_the_repository(serve):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name in ("cat/1.jpg", "dog/1.jpg"):
            made.writestr(name, photo(1))
    serve({"data/photos.zip": out.getvalue(), "README.md": b"x"})
    dataset = open_dataset("hf:owner/set")
    assert (dataset.name, dataset.classes) == ("set", ("cat", "dog"))


def test_nothing_that_can_be_read(serve):
    serve({"README.md": b"x", "train.csv": b"text,label\nhello,1\n"})
    with pytest.raises(SightlineError, match="holds no photos that can be read"):
        open_dataset("hf:owner/set")


def test_what_does_not_exist_is_told_apart(serve):
    serve({"cat/1.jpg": photo(1)})
    with pytest.raises(SightlineError, match="has no revision 'v9'"):
        open_dataset("hf:owner/set@v9")
    with pytest.raises(SightlineError, match="the hub has no such dataset, or it is private"):
        open_dataset("hf:owner/other")


def test_no_network_and_nothing_in_the_cache(serve):
    serve.stop()
    with pytest.raises(SightlineError, match="cannot be fetched, and no whole copy") as error:
        open_dataset("hf:owner/set")
    assert "give the folder" in str(error.value)
    assert len(str(error.value).splitlines()) == 2


@pytest.mark.parametrize("name", ["hf:", "hf:set", "hf:a/b@", "hf:../..", "hf:a/b/../../c", "hf:-a/b--c", "hf:a b/c"])
def test_what_is_no_name_of_the_hub(name):
    with pytest.raises(UsageError):
        open_dataset(name)


@pytest.mark.parametrize(
    ("path", "split"),
    [
        ("data/train-00000-of-00001.parquet", "train"),
        ("default/validation/0000.parquet", "val"),
        ("test.parquet", "test"),
        ("plain.parquet", ""),
        ("latest/part-0.parquet", ""),
    ],
)
def test_splits_by_file_name(path, split):
    assert hub.split_of(Path(path)) == split
