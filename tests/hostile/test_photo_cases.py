"""The faults once found in how photos are read, where their reproductions are at hand, and relatives of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sightline
from sightline.data.decoding.decode import Undecodable, decode
from sightline.data.decoding.quarantine import decode_guarded

CASES = Path(__file__).parents[3] / "shared" / "cases"


def case(name: str) -> Path:
    if not (CASES / name).is_dir():
        pytest.skip(f"the reproduction {name} is not on this machine")
    return CASES / name


def run_script(script: Path, *arguments: object, folder: Path | None = None) -> str:
    done = subprocess.run(
        [sys.executable, str(script), *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def test_a_scan_bomb_is_a_row(run_path: Path, scenes: Path, tmp_path: Path) -> None:
    run_script(case("site-scan-bomb-starves-everyone") / "make.py", folder=tmp_path)
    good = next((scenes / "sea").iterdir())
    table = sightline.load(run_path).predict([tmp_path / "bomb.jpg", good])
    assert "scans" in table["error"][0]
    assert table["error"][1] == ""
    with pytest.raises(Undecodable, match="scans"):
        decode_guarded(tmp_path / "bomb.jpg")


def test_one_array_is_one_photo(run_path: Path) -> None:
    said = run_script(case("one-array-is-150-photos") / "repro.py", run_path)
    assert "rows for one array: 1 - for [array]: 1" in said


def test_one_wrong_item_does_not_end_the_batch(run_path: Path) -> None:
    said = run_script(case("one-wrong-item-ends-the-batch") / "repro.py", run_path).splitlines()
    assert [line.split()[0] for line in said] == ["None", "BytesIO", "tensor", "dict", "NaN"]
    for line in said:
        assert "->" not in line
        assert ("unsupported" in line or "not-an-image" in line or "corrupt" in line) != line.startswith("tensor")


def test_a_hair_over_a_range_does_not_blacken() -> None:
    case("float-range-guess")
    ramp = np.linspace(0, 255, 64 * 64 * 3, dtype=np.float32).reshape(64, 64, 3)
    for values in (ramp / 255, ramp / 255 * 1.0001, ramp, ramp / 255 * 256, (ramp / 255 * 256).astype(np.int32)):
        assert 126 < np.asarray(decode(values).image).mean() < 129
