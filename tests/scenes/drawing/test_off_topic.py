"""Pictures of something else: each kind, the same again."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.scenes.drawing.off_topic import KINDS, off_topic


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_drawn_the_same_again_and_other_by_seed(kind: str) -> None:
    pictures = [off_topic(seed, 48, kind) for seed in range(4)]
    assert all(picture.size == (48, 48) and picture.mode == "RGB" for picture in pictures)
    assert [picture.tobytes() for picture in pictures] == [off_topic(seed, 48, kind).tobytes() for seed in range(4)]
    assert len({picture.tobytes() for picture in pictures}) == 4
    assert all(np.asarray(picture).std() > 2 for picture in pictures)


def test_kinds_take_turns_by_seed() -> None:
    for seed in range(len(KINDS)):
        assert off_topic(seed, 24).tobytes() == off_topic(seed, 24, KINDS[seed]).tobytes()


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="text, noise"):
        off_topic(0, 48, "cat")
