"""Duplicates are searched for once; other photos, and a damaged file, are searched again."""

from __future__ import annotations

from pathlib import Path

import pytest

from sightline.checks import duplicates_cache
from sightline.checks.duplicates import find_duplicates
from sightline.data.preflight import preflight
from sightline.data.reading.sources import open_dataset
from sightline.system import cache


@pytest.fixture
def photos(scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Some scenes, one of them twice, and a list that grows with each search."""
    for number, path in enumerate(sorted((scenes / "sea").iterdir())[:6]):
        for copy in range(2 if number == 0 else 1):
            target = tmp_path / "photos" / "sea" / f"{number}-{copy}.jpg"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))
    dataset, pixels = preflight(open_dataset(tmp_path / "photos"), 96)
    searches: list[int] = []

    def counted(samples, pixels):
        searches.append(len(samples))
        return find_duplicates(samples, pixels)

    monkeypatch.setattr(duplicates_cache, "find_duplicates", counted)
    return dataset.samples, pixels, searches


def test_the_second_time_nothing_is_searched(photos) -> None:
    samples, pixels, searches = photos
    first, again = (duplicates_cache.known_duplicates(samples, pixels) for _ in range(2))
    assert searches == [7]
    assert list(first.pairs["kind"]) == ["bytes"]
    assert (first.groups == again.groups).all()
    assert (first.same == again.same).all()
    assert first.pairs.equals(again.pairs)


def test_other_photos_are_searched_afresh(photos) -> None:
    samples, pixels, searches = photos
    duplicates_cache.known_duplicates(samples, pixels)
    duplicates_cache.known_duplicates(samples.iloc[:5], pixels.subset(range(5)))
    assert searches == [7, 5]


@pytest.mark.parametrize("content", [b"", b"PAR1 not a table PAR1"])
def test_a_damaged_file_is_replaced(photos, content: bytes) -> None:
    samples, pixels, searches = photos
    duplicates_cache.known_duplicates(samples, pixels)
    (kept,) = cache.folder("duplicates").iterdir()
    kept.write_bytes(content)
    assert len(duplicates_cache.known_duplicates(samples, pixels).pairs) == 1
    duplicates_cache.known_duplicates(samples, pixels)
    assert searches == [7, 7]


def test_where_they_cannot_be_kept_they_are_found_all_the_same(photos, capsys: pytest.CaptureFixture[str]) -> None:
    samples, pixels, searches = photos
    (cache.root() / "duplicates").write_text("a file where the folder should be")
    for _ in range(2):
        assert len(duplicates_cache.known_duplicates(samples, pixels).pairs) == 1
    assert searches == [7, 7]
    said = capsys.readouterr().err
    assert "Duplicates are computed again next time, as they could not be kept" in said
    assert "Choose another folder" not in said
