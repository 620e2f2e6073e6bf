"""One Ray on this machine for the tests of a file, an S3 server for all of them, and photos in every kind of source."""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet


@pytest.fixture(scope="module")
def ray(own_cache: Path) -> Iterator[Any]:
    """Ray with two cores, shared by the tests of one file."""
    pytest.importorskip("ray")
    from sightline.scale.cluster import connected

    with connected(None) as module:
        yield module


@pytest.fixture(scope="session")
def photos(once: Callable[[str, Callable[[Path], object]], Path], scenes: Path) -> Path:
    """60 drawn photos in two folders, one that is none, and what is no photo at all. Look, do not touch."""

    def lay(folder: Path) -> None:
        for number, path in enumerate(sorted(scenes.rglob("*.jpg"))[::3]):
            place = folder / f"batch{number % 2}" / f"{number:03d}.jpg"
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place)
        (folder / "batch0" / "005-broken.jpg").write_bytes(b"no picture")
        (folder / "batch1" / "notes.txt").write_text("no photo")

    return once("photos-for-ray", lay)


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.jpg"))


def shards(photos: Path, folder: Path, each: int = 20) -> None:
    """The photos as WebDataset: 000.jpg beside 000.cls, in shards."""
    folder.mkdir(parents=True)
    files = files_in(photos)
    for first in range(0, len(files), each):
        with tarfile.open(folder / f"shard-{first // each:04d}.tar", "w") as shard:
            for path in files[first : first + each]:
                for suffix, data in ((".cls", b"1"), (".jpg", path.read_bytes())):
                    about = tarfile.TarInfo(f"{path.parent.name}/{path.stem}{suffix}")
                    about.size = len(data)
                    shard.addfile(about, io.BytesIO(data))


def tables(photos: Path, folder: Path, struct: bool) -> None:
    """The photos as two Parquet files with their bytes, in the form of the hub (struct) or in a plain column."""
    folder.mkdir(parents=True)
    files = files_in(photos)
    for number in range(2):
        some = files[number::2]
        cells = [{"bytes": path.read_bytes(), "path": path.name} for path in some]
        columns = (
            {"image": cells}
            if struct
            else {"content": [cell["bytes"] for cell in cells], "path": [cell["path"] for cell in cells]}
        )
        parquet.write_table(pa.table(columns), folder / f"{number}.parquet", row_group_size=7)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _moto() -> list[str] | None:
    """What starts moto's S3 server: from this environment, or a program of that name on the path."""
    if find_spec("moto") is not None:
        return [sys.executable, "-m", "moto.server"]
    program = shutil.which("moto_server")
    return [program] if program else None


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A real S3 server on this machine with the bucket `photos`, as pyarrow sees it."""
    command = _moto()
    if command is None:
        pytest.skip("moto, an S3 server for tests, is not installed (it comes with the extra dev)")
    port = _free_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    quiet = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    log = (tmp_path_factory.mktemp("s3") / "log.txt").open("wb")
    server = subprocess.Popen([*command, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log, env=quiet)
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        for _ in range(600):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, "the S3 server ended"
            time.sleep(0.1)
        from pyarrow.fs import S3FileSystem

        files = S3FileSystem(
            endpoint_override=f"127.0.0.1:{port}", scheme="http", region="us-east-1", allow_bucket_creation=True
        )
        files.create_dir("photos")
        yield files
    finally:
        server.terminate()
        server.wait()
        log.close()
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def descendants(pid: int) -> dict[int, str]:
    """The processes that a process started, and those that they did: pid -> command line."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found: dict[int, str] = {}
    for child in parents:
        above = child
        while above in parents and above != pid:
            above = parents[above]
        if above == pid and child != pid:
            try:
                found[child] = (Path("/proc") / str(child) / "cmdline").read_text().replace("\0", " ").strip()
            except OSError:
                continue
    return found
