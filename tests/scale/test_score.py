"""Batch scoring on Ray: the rows of one process, from every kind of source; killed in the middle, nothing is lost."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet

from sightline.errors import SightlineError, UsageError
from sightline.predictor import Predictor
from sightline.scale import job as jobs
from sightline.scale.job import name
from sightline.scale.score import score

from .conftest import descendants, files_in, shards, tables

pytestmark = pytest.mark.xdist_group("ray")  # one Ray for them all


def rows(out: Path) -> pd.DataFrame:
    """The answers of a job, in order."""
    parts = jobs.Parts.read(out / "parts.json")
    whole = pd.concat([pd.read_parquet(out / "parts" / part.name) for part in parts.parts], ignore_index=True)
    assert len(whole) == parts.rows
    assert int((whole["error"] != "").sum()) == parts.unreadable
    return whole


def assert_same(found: pd.DataFrame, expected: pd.DataFrame, paths: bool = True) -> None:
    assert len(found) == len(expected)
    assert list(found.columns) == list(expected.columns)
    exact = ["predicted", "set", "decision", "error", *(["path"] if paths else [])]
    for column in exact:
        assert found[column].fillna("").tolist() == expected[column].fillna("").tolist(), column
    numbers = [column for column in expected if column.startswith("p_")]
    a, b = (table[numbers].to_numpy(np.float64, na_value=np.nan) for table in (found, expected))
    np.testing.assert_allclose(a, b, atol=1e-4)


@pytest.fixture(scope="module")
def alone(run_path: Path, photos: Path) -> pd.DataFrame:
    """What one process says of the same photos."""
    return Predictor.load(run_path).predict(files_in(photos))


# First, so that Ray's workers are started where the server's address is known.
def test_from_s3_to_s3(ray: Any, s3: Any, run_path: Path, photos: Path, alone: pd.DataFrame) -> None:
    for path in photos.rglob("*"):
        if path.is_file():
            with s3.open_output_stream(f"photos/new/{path.relative_to(photos).as_posix()}") as file:
                file.write(path.read_bytes())
    made = score(run_path, "s3://photos/new", "s3://photos/out", part_rows=25, workers=1)
    assert (made.rows, made.unreadable) == (61, 1)
    found = pd.concat(
        [parquet.read_table(f"photos/out/parts/{part.name}", filesystem=s3).to_pandas() for part in made.parts],
        ignore_index=True,
    )
    assert_same(found, alone, paths=False)
    assert found["path"][0] == "s3://photos/new/batch0/000.jpg"
    s3.delete_file("photos/out/parts.json")
    s3.delete_file(f"photos/out/parts/{name(1)}")
    assert score(run_path, "s3://photos/new", "s3://photos/out", part_rows=25, workers=1) == made


@pytest.mark.prove
def test_2000_photos_of_a_folder_get_the_rows_of_one_process(
    ray: Any, run_path: Path, scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = sorted(scenes.rglob("*.jpg"))
    for number in range(2000):
        place = tmp_path / "many" / f"{number // 500}" / f"{number:05d}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.hardlink_to(files[number % len(files)])
    made = score(run_path, tmp_path / "many", tmp_path / "out", part_rows=400)
    assert (made.rows, made.unreadable, [part.rows for part in made.parts]) == (2000, 0, [400] * 5)
    found = rows(tmp_path / "out")
    assert list(found["path"]) == [str(path) for path in sorted((tmp_path / "many").rglob("*.jpg"))]
    first = Predictor.load(run_path).predict(files)
    again = first.iloc[np.arange(2000) % len(files)].reset_index(drop=True)
    assert_same(found, again, paths=False)
    assert "Scoring 5 parts with 2 workers" in capsys.readouterr().err


@pytest.mark.prove
def test_a_bad_photo_is_a_row_with_a_reason(
    ray: Any, run_path: Path, photos: Path, tmp_path: Path, alone: pd.DataFrame
) -> None:
    made = score(run_path, photos, tmp_path / "out", part_rows=25, workers=1)
    assert (made.rows, made.unreadable) == (61, 1)
    found = rows(tmp_path / "out")
    assert_same(found, alone)
    bad = found[found["error"] != ""].iloc[0]
    assert bad["path"].endswith("005-broken.jpg") and bad["error"].startswith("not-an-image")
    assert bad["predicted"] is None or pd.isna(bad["predicted"])


@pytest.mark.prove
def test_finished_parts_are_skipped_and_the_rows_are_the_same_bit_for_bit(
    ray: Any, run_path: Path, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    score(run_path, photos, out, part_rows=10, workers=1)
    whole = {path.name: path.read_bytes() for path in (out / "parts").iterdir()}
    shutil.copytree(out, tmp_path / "unbroken")
    (out / "parts.json").unlink()
    for number in (1, 4):
        (out / "parts" / name(number)).unlink()
    before = {path.name: path.stat().st_mtime_ns for path in (out / "parts").iterdir()}
    made = score(run_path, photos, out, part_rows=10, workers=1)
    assert {path.name: path.read_bytes() for path in (out / "parts").iterdir()} == whole
    assert {name: (out / "parts" / name).stat().st_mtime_ns for name in before} == before
    assert made == jobs.Parts.read(tmp_path / "unbroken" / "parts.json")
    again = score(run_path, photos, out, part_rows=10, workers=1)  # complete: nothing is done
    assert again == made


@pytest.mark.prove
def test_a_worker_killed_in_the_middle_costs_nothing_but_its_part(
    ray: Any, run_path: Path, scenes: Path, tmp_path: Path
) -> None:
    files = sorted(scenes.rglob("*.jpg"))
    for number in range(600):
        place = tmp_path / "many" / f"{number:05d}.jpg"
        place.parent.mkdir(exist_ok=True)
        place.hardlink_to(files[number % len(files)])
    parts, killed = tmp_path / "out" / "parts", []

    def kill() -> None:
        while not any(parts.glob("part-*.parquet")):
            time.sleep(0.02)
        scorers = [pid for pid, line in descendants(os.getpid()).items() if "MapWorker" in line]
        os.kill(scorers[0], signal.SIGKILL)
        killed.append(scorers[0])

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    made = score(run_path, tmp_path / "many", tmp_path / "out", part_rows=20, workers=2)
    killer.join()
    assert killed and made.rows == 600 and made.unreadable == 0
    first = Predictor.load(run_path).predict(files)
    assert_same(rows(tmp_path / "out"), first.iloc[np.arange(600) % len(files)].reset_index(drop=True), paths=False)


@pytest.mark.prove
@pytest.mark.parametrize("struct", [True, False])
def test_parquet_files_with_bytes(
    ray: Any, run_path: Path, photos: Path, tmp_path: Path, alone: pd.DataFrame, struct: bool
) -> None:
    tables(photos, tmp_path / "tables", struct)
    made = score(run_path, tmp_path / "tables", tmp_path / "out", part_rows=14, workers=1)
    assert made.rows == 61 and len(made.parts) > 4
    found = rows(tmp_path / "out")
    names = [path.name for number in range(2) for path in files_in(photos)[number::2]]
    assert [path.rpartition(":")[2] for path in found["path"]] == names
    order = [number for half in range(2) for number in range(half, 61, 2)]
    assert_same(found, alone.iloc[order].reset_index(drop=True), paths=False)


@pytest.mark.prove
def test_webdataset_shards(ray: Any, run_path: Path, photos: Path, tmp_path: Path, alone: pd.DataFrame) -> None:
    shards(photos, tmp_path / "shards")
    made = score(run_path, tmp_path / "shards", tmp_path / "out", workers=1)
    assert [part.rows for part in made.parts] == [20, 20, 20, 1]
    found = rows(tmp_path / "out")
    assert found["path"][0] == f"{tmp_path}/shards/shard-0000.tar/batch0/000.jpg"
    assert_same(found, alone, paths=False)


@pytest.mark.prove
def test_a_manifest_names_photos_beside_it(
    ray: Any, run_path: Path, photos: Path, tmp_path: Path, alone: pd.DataFrame
) -> None:
    shutil.copytree(photos, tmp_path / "data")
    files = [path.relative_to(photos).as_posix() for path in files_in(photos)]
    (tmp_path / "data" / "list.csv").write_text("path\n" + "\n".join([*files, "gone.jpg"]) + "\n")
    made = score(run_path, tmp_path / "data" / "list.csv", tmp_path / "out", workers=1)
    found = rows(tmp_path / "out")
    assert (made.rows, made.unreadable) == (62, 2)
    assert_same(found.iloc[:61], alone, paths=False)
    assert found["error"][61].startswith("unreadable")


@pytest.mark.prove
def test_a_shard_that_vanishes_stops_the_job_with_one_line_and_what_is_done_is_kept(
    ray: Any, run_path: Path, photos: Path, tmp_path: Path
) -> None:
    shards(photos, tmp_path / "shards")
    out = tmp_path / "out"
    score(run_path, tmp_path / "shards", out, workers=1)
    (out / "parts.json").unlink()
    (out / "parts" / name(2)).unlink()
    aside = (tmp_path / "shards" / "shard-0002.tar").rename(tmp_path / "aside.tar")
    with pytest.raises(SightlineError, match=r"shard-0002\.tar: has vanished since the job began"):
        score(run_path, tmp_path / "shards", out, workers=1)
    assert not (out / "parts.json").exists() and (out / "parts" / name(0)).exists()
    aside.rename(tmp_path / "shards" / "shard-0002.tar")
    assert score(run_path, tmp_path / "shards", out, workers=1).rows == 61


def test_what_cannot_work_is_refused_before_ray_is_started(
    run_path: Path, photos: Path, tmp_path: Path, s3: Any
) -> None:
    pytest.importorskip("ray")
    with pytest.raises(UsageError, match="holds no trained model"):
        score(tmp_path, photos, tmp_path / "out")
    with pytest.raises(UsageError, match="there is no such file or folder"):
        score(run_path, tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(UsageError, match="there is no such file or folder"):
        score(run_path, "s3://photos/nowhere", tmp_path / "out")
    with pytest.raises(UsageError, match="cannot be read here"):
        score(run_path, "nonsense://bucket/photos", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SightlineError, match="no photos in it"):
        score(run_path, tmp_path / "empty", tmp_path / "out2")
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="is not empty"):
        score(run_path, photos, taken)
    assert not (tmp_path / "out").exists()
    (tmp_path / "mixed").mkdir()
    shards(photos, tmp_path / "mixed" / "b")
    shutil.copytree(photos, tmp_path / "mixed" / "a")
    with pytest.raises(UsageError, match="are not scored in one job"):
        score(run_path, tmp_path / "mixed", tmp_path / "out3")


@pytest.mark.prove
def test_a_folder_of_another_job_is_left_alone(ray: Any, run_path: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    score(run_path, photos / "batch0", out, workers=1)
    before = sorted(path.name for path in out.rglob("*"))
    with pytest.raises(SightlineError, match="holds a job that scores another source"):
        score(run_path, photos / "batch1", out, workers=1)
    with pytest.raises(SightlineError, match="has parts of another size"):
        score(run_path, photos / "batch0", out, part_rows=7, workers=1)
    assert sorted(path.name for path in out.rglob("*")) == before


def test_a_store_that_cannot_be_reached_is_one_plain_line(
    run_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray")
    for key, value in (("AWS_ENDPOINT_URL", "http://127.0.0.1:9"), ("AWS_EC2_METADATA_DISABLED", "true")):
        monkeypatch.setenv(key, value)
    with pytest.raises(SightlineError, match="s3://photos/new: cannot be reached") as caught:
        score(run_path, "s3://photos/new", tmp_path / "out")
    assert "\n" not in str(caught.value) and not (tmp_path / "out").exists()
