"""What augmentation does is shown on the photos themselves."""

from __future__ import annotations

import numpy as np

from sightline.report import augmentation
from sightline.report.photos import Album


def test_photos_are_changed_the_same_way_every_time() -> None:
    squares = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    spec, after = augmentation.changed("light", squares)
    assert spec and [len(each) for each in after] == [augmentation.VARIANTS] * 2
    assert all(one.shape == (32, 32, 3) and one.dtype == np.uint8 for each in after for one in each)
    assert not np.array_equal(after[0][0], after[0][1])
    assert np.array_equal(augmentation.changed("light", squares)[1][0][0], after[0][0])


def test_without_photos_there_is_nothing_to_show() -> None:
    assert augmentation.preview("light", [("sea", "gone.jpg")], Album(None), 32) is None
