"""What runs on Ray's workers, run here: parts that are whole, the same every time, and skipped when they are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sightline.errors import SightlineError
from sightline.predictor import Predictor
from sightline.scale import job as jobs
from sightline.scale.listing import look, write
from sightline.scale.places import place
from sightline.scale.scorer import Scorer, packed
from sightline.version import __version__

from .conftest import files_in, shards


def scorer(run: Path, source: str | Path, out: str | Path, folder: Path, rows: int = 25) -> Scorer:
    found = look(place(source), rows)
    parts, count = write(found, folder / "listing.parquet", rows)
    job = jobs.Job(
        source=str(source), kind=found.kind, root=found.root.address, model="", part_rows=rows, parts=parts,
        photos=count, device="cpu", engine="eager", batch=16, cores=1, sightline=__version__,
        classes=Predictor.load(run).classes,
    )  # fmt: skip
    handed = packed(run / "model"), (folder / "listing.parquet").read_bytes()
    return Scorer(handed, job.model_dump_json(), str(out))


def test_parts_hold_the_rows_of_one_process_and_come_out_the_same_again(
    run_path: Path, photos: Path, tmp_path: Path
) -> None:
    made = scorer(run_path, photos, tmp_path / "out", tmp_path)
    said = made({"number": np.array([0, 1, 2])})
    assert said["rows"].tolist() == [25, 25, 11] and said["unreadable"].tolist() == [1, 0, 0]
    assert said["problem"].tolist() == ["", "", ""]
    names = [tmp_path / "out" / "parts" / jobs.name(number) for number in range(3)]
    found = pd.concat([pd.read_parquet(path) for path in names], ignore_index=True)
    alone = Predictor.load(run_path).predict(files_in(photos))
    assert list(found.columns) == list(alone.columns)
    for column in ("path", "predicted", "set", "decision", "error"):
        assert found[column].fillna("").tolist() == alone[column].fillna("").tolist()
    chances = [table.filter(like="p_").to_numpy(np.float64, na_value=np.nan) for table in (found, alone)]
    np.testing.assert_allclose(chances[0], chances[1], atol=1e-4)

    before = [path.read_bytes() for path in names]
    assert jobs.done(place(tmp_path / "out"), 3) == {n: len(content) for n, content in enumerate(before)}
    names[1].unlink()
    assert sorted(jobs.done(place(tmp_path / "out"), 3)) == [0, 2]
    made({"number": np.array([1])})
    assert [path.read_bytes() for path in names] == before

    part = jobs.counted(place(tmp_path / "out"), 0, len(before[0]))
    assert (part.rows, part.unreadable, part.bytes) == (25, 1, len(before[0]))
    names[0].write_bytes(before[0][:100])
    with pytest.raises(SightlineError, match=r"part-000000\.parquet: is damaged\. Remove it"):
        jobs.counted(place(tmp_path / "out"), 0, 100)


def test_from_s3_to_s3(run_path: Path, photos: Path, tmp_path: Path, s3: Any) -> None:
    for path in files_in(photos)[:8]:
        place(f"s3://photos/few/{path.name}").write(path.read_bytes())
    made = scorer(run_path, "s3://photos/few", "s3://photos/answers", tmp_path)
    assert made({"number": np.array([0])})["rows"].tolist() == [8]
    (tmp_path / "part.parquet").write_bytes(place(f"s3://photos/answers/parts/{jobs.name(0)}").read(1 << 20))
    found = pd.read_parquet(tmp_path / "part.parquet")
    alone = Predictor.load(run_path).predict(files_in(photos)[:8])
    assert found["predicted"].fillna("").tolist() == alone["predicted"].fillna("").tolist()
    assert jobs.done(place("s3://photos/answers"), 1).keys() == {0}


def test_a_shard_that_vanished_is_said_and_writes_nothing(run_path: Path, photos: Path, tmp_path: Path) -> None:
    shards(photos, tmp_path / "shards")
    made = scorer(run_path, tmp_path / "shards", tmp_path / "out", tmp_path)
    (tmp_path / "shards" / "shard-0001.tar").unlink()
    said = made({"number": np.array([0, 1])})
    assert said["rows"].tolist() == [20, 0]
    assert said["problem"][0] == "" and "shard-0001.tar: has vanished" in said["problem"][1]
    assert jobs.done(place(tmp_path / "out"), 4).keys() == {0}
