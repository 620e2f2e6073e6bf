import numpy as np
import pytest
from numpy.typing import NDArray

from sightline.data.pixels import Pixels
from sightline.report import variety

NAMES = list(variety.MEASURES)


def of(*photos: NDArray[np.uint8]) -> Pixels:
    return Pixels(np.stack(photos))


def plain(value: tuple[int, int, int], size: int = 60) -> NDArray[np.uint8]:
    return np.full((size, size, 3), value, np.uint8)


def measured(photo: NDArray[np.uint8]) -> dict[str, float]:
    measures, _ = variety.measure(of(photo), np.array([0]))
    return dict(zip(NAMES, measures[0], strict=True))


def test_light_and_colour_are_measured_as_named() -> None:
    assert measured(plain((250, 250, 250)))["brightness"] > measured(plain((20, 20, 20)))["brightness"]
    assert measured(plain((220, 90, 30)))["warmth"] > 0 > measured(plain((30, 90, 220)))["warmth"]
    assert measured(plain((30, 200, 30)))["green"] > 0 > measured(plain((200, 30, 200)))["green"]
    assert measured(plain((255, 0, 0)))["colour"] > measured(plain((128, 128, 128)))["colour"]


def test_lines_and_places_are_measured_as_named() -> None:
    upright, middle, sky = plain((0, 0, 0)), plain((0, 0, 0)), plain((40, 40, 40))
    upright[:, ::6] = 255
    middle[25:35:4, 25:35] = 255
    sky[:20] = 240
    level = np.ascontiguousarray(upright.transpose(1, 0, 2))
    assert measured(upright)["upright"] > measured(level)["upright"]
    assert measured(middle)["centre"] > 2 * measured(upright)["centre"]
    assert measured(sky)["above"] > 0 > measured(sky[::-1].copy())["above"]
    assert measured(upright)["detail"] > measured(sky)["detail"]


def test_photos_of_any_side_can_be_measured() -> None:
    for side in (1, 20, 48, 97, 300):
        assert all(np.isfinite(list(measured(plain((90, 120, 30), side)).values())))


@pytest.fixture
def two_kinds() -> Pixels:
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 25, (60, 48, 48, 3))
    return Pixels((noise + np.where(np.arange(60) % 2, 20, 210)[:, None, None, None]).astype(np.uint8))


def test_groups_are_found_and_named_by_what_differs(two_kinds: Pixels) -> None:
    rows = variety.drawn(60)
    measures, layout = variety.measure(two_kinds, rows)
    found = variety.groups(measures, variety.features(measures, layout), rows, 2)
    assert {group.name.split(", ")[0] for group in found} >= {"bright"} or any("bright" in g.name for g in found)
    assert any("dark" in group.name for group in found)
    for group in found:
        assert len(set(group.rows % 2)) == 1
    described = found[0].to_dict([f"{i}.jpg" for i in rows], ["a", "b"] * 30, 60)
    assert described["photos"] == 30 and described["share"] == 0.5
    assert len(described["classes"]) == 1 and len(described["examples"]) == 12


def test_a_networks_features_decide_the_groups_where_there_are_any(two_kinds: Pixels) -> None:
    rows = variety.drawn(60)
    measures, layout = variety.measure(two_kinds, rows)
    embeddings = np.eye(2)[(np.arange(60) < 30).astype(int)] + np.random.default_rng(0).normal(0, 0.01, (60, 2))
    for group in variety.groups(measures, variety.features(measures, layout, embeddings), rows, 2):
        assert len(set(group.rows < 30)) == 1


def test_photos_that_are_all_the_same_make_no_groups() -> None:
    rows = np.arange(40)
    measures, layout = variety.measure(Pixels(np.zeros((40, 20, 20, 3), np.uint8)), rows)
    assert variety.groups(measures, variety.features(measures, layout), rows, 4) == []


def test_no_two_groups_share_a_name() -> None:
    scores = np.zeros(10)
    first = variety._name(scores, set())
    second = variety._name(scores, {first})
    assert first == "of every kind" and second != first


def test_a_large_dataset_is_sampled() -> None:
    rows = variety.drawn(10_000)
    assert len(rows) == variety.MOST_PHOTOS and (np.diff(rows) > 0).all()
