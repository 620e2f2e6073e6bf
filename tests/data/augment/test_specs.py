"""What an augmentation is told to do: presets and operations, refused in plain words where they are none."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sightline.data.augment.specs import CHANCES, OPERATIONS, PRESETS, spec_of
from sightline.errors import UsageError


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_made_of_known_operations_within_their_ranges(name: str) -> None:
    assert set(spec_of(name)) <= set(OPERATIONS)
    assert spec_of({"preset": name}) == spec_of(name)


def test_a_mapping_lays_its_operations_over_a_preset() -> None:
    spec = spec_of({"preset": "light", "erase": 0.2, "rotation": 0})
    assert spec["erase"] == 0.2
    assert "rotation" not in spec
    assert spec["crop"] == PRESETS["light"]["crop"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("lite", "lite is unknown. Did you mean light? Presets: none, light"),
        ("scene-000", "Did you mean scenes-000?"),
        ({"rotate": 5}, "there is no rotate. Did you mean rotation?"),
        ({"preset": ["light"]}, "a preset or a mapping of operations"),
        ({"erase": 3}, "erase is a chance from 0 to 1"),
        ({"zoom": 90}, "zoom 90 is out of range"),
        ({"fill": "pink"}, "fill is one of reflect, border, black"),
    ],
)
def test_what_is_none_is_refused_and_what_was_meant_is_named(asked: object, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        spec_of(asked)  # type: ignore[arg-type]
    assert said in str(caught.value)


def test_chances_are_operations() -> None:
    assert set(CHANCES) <= set(OPERATIONS)


def test_it_needs_no_network_library() -> None:
    code = "import sys, sightline.data.augment.specs; sys.exit(any(n in sys.modules for n in ('torch', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
