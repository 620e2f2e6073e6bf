"""From files and folders to reasons; what cannot be read stops nothing."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from sightline.data.decoding.quarantine import square_guarded
from sightline.errors import UsageError
from sightline.tasks.explain import explain
from traps import scan_bomb, slow_bmp


def test_a_folder_and_a_broken_file(run_path: Path, scenes: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo")
    found = explain(run_path, [scenes / "sea", broken], out=tmp_path / "out", neighbours=2)
    assert len(found.photos) == len(list((scenes / "sea").iterdir()))
    assert [path for path, _ in found.failed] == [str(broken)]
    assert all(len(reason.neighbours) == 2 for _, reason in found.photos)
    assert json.loads((tmp_path / "out" / "explain.json").read_text()) == json.loads(json.dumps(found.to_dict()))
    assert len(list((tmp_path / "out").glob("*.jpg"))) == len(found.photos)


def test_what_keeps_a_decoder_busy_is_named_and_the_rest_explained(
    run_path: Path, scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = next((scenes / "sea").iterdir())
    (tmp_path / "scans.jpg").write_bytes(scan_bomb(1973, 3000))
    (tmp_path / "slow.bmp").write_bytes(slow_bmp())
    monkeypatch.setattr("sightline.predictor.square_guarded", partial(square_guarded, seconds=1))
    found = explain(run_path, [tmp_path / "scans.jpg", tmp_path / "slow.bmp", good], out=tmp_path / "out")
    assert [Path(path).name for path, _ in found.failed] == ["scans.jpg", "slow.bmp"]
    assert [path for path, _ in found.photos] == [str(good)]


def test_nothing_to_explain(run_path: Path) -> None:
    with pytest.raises(UsageError, match="No IMAGE"):
        explain(run_path, [])
