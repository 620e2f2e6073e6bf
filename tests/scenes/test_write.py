"""The drawn scenes: the same again, all different, the right files, and not to be told apart by their pixels alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.linear_model import LogisticRegression

from sightline.errors import UsageError
from sightline.scenes.write import CLASSES, Faults, draw, write_scenes


@settings(max_examples=15)
@given(label=st.sampled_from(CLASSES), seed=st.integers(0, 2**40), size=st.sampled_from([16, 33, 48, 64]))
def test_a_scene_is_the_same_whenever_it_is_drawn(label: str, seed: int, size: int) -> None:
    first, again = draw(label, seed, size), draw(label, seed, size)
    assert first.mode == "RGB" and first.size == (size, size)
    assert first.tobytes() == again.tobytes()
    assert np.asarray(first).std() > 3  # a picture, not one flat colour


def test_a_scene_is_the_same_in_another_process() -> None:
    code = (
        "import hashlib; from sightline.scenes.drawing.render import draw\n"
        "print(hashlib.sha256(b''.join(draw(c, 5, 40).tobytes() for c in "
        f"{CLASSES!r})).hexdigest())"
    )
    results = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(results) == 1


def test_a_drawing_process_loads_neither_torch_nor_pandas() -> None:
    code = "import sys, sightline.scenes.drawing.render; print({'torch', 'pandas', 'sklearn'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "set()"


@pytest.mark.parametrize("label", CLASSES)
def test_scenes_differ_between_seeds(label: str) -> None:
    small = [np.asarray(draw(label, seed, 16), float) for seed in range(6)]
    for i in range(6):
        for j in range(i):
            assert np.abs(small[i] - small[j]).mean() > 5


@pytest.mark.parametrize("label", CLASSES)
def test_a_scene_keeps_its_composition_at_another_size(label: str) -> None:
    for seed in range(3):
        large, small = (
            np.asarray(draw(label, seed, size).resize((16, 16), Image.Resampling.BOX), float) for size in (96, 64)
        )
        assert np.corrcoef(large.ravel(), small.ravel())[0, 1] > 0.85


@pytest.mark.parametrize(("label", "seed", "size"), [("lake", 0, 64), ("sea", -1, 64), ("sea", 0, 8), ("sea", 0, 5000)])
def test_senseless_arguments_are_refused(label: str, seed: int, size: int) -> None:
    with pytest.raises(ValueError, match=r"there are|takes"):
        draw(label, seed, size)


def test_write_scenes_writes_what_draw_draws(tmp_path: Path) -> None:
    planted = write_scenes(tmp_path / "set", per_class=4, size=32, seed=3)
    assert planted.table.empty
    files = sorted(path.relative_to(tmp_path / "set").as_posix() for path in (tmp_path / "set").rglob("*.*"))
    assert files == [f"{label}/{index:04d}.jpg" for label in CLASSES for index in range(4)]
    qualities = set()
    for path in files:
        with Image.open(tmp_path / "set" / path) as image:
            assert image.format == "JPEG" and image.size == (32, 32)
            qualities.add(tuple(image.quantization[0]))
            label, name = path.split("/")
            drawn = draw(label, 3_000_000 + int(name[:4]), 32)
            lost = np.asarray(image.convert("L"), float) - np.asarray(drawn.convert("L"), float)
            assert np.abs(lost).mean() < 10  # what JPEG loses, no more
    assert len(qualities) > 5


def test_the_same_seed_writes_the_same_bytes_with_any_number_of_processes(tmp_path: Path) -> None:
    write_scenes(tmp_path / "one", per_class=11, size=16, workers=1)
    write_scenes(tmp_path / "two", per_class=11, size=16, workers=2)
    for path in (tmp_path / "one").rglob("*.jpg"):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()


def test_other_seeds_share_no_scene(tmp_path: Path) -> None:
    write_scenes(tmp_path / "a", per_class=3, size=16, seed=0)
    write_scenes(tmp_path / "b", per_class=3, size=16, seed=1)
    contents = [path.read_bytes() for path in tmp_path.rglob("*.jpg")]
    assert len(contents) == len(set(contents)) == 36


def test_splits_have_their_shares(tmp_path: Path) -> None:
    write_scenes(tmp_path / "set", per_class=10, size=16, splits={"train": 0.7, "val": 0.1, "test": 0.2})
    for split, count in (("train", 7), ("val", 1), ("test", 2)):
        for label in CLASSES:
            assert len(list((tmp_path / "set" / split / label).iterdir())) == count


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(UsageError, match="not empty"):
        write_scenes(tmp_path, per_class=1, size=16)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_more_faults_than_photos_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="only 6 photos"):
        write_scenes(tmp_path / "set", per_class=1, size=16, faults=Faults(duplicates=7))


def test_pixels_alone_do_not_tell_the_classes_apart() -> None:
    """The demo needs a network: a linear model on the pixels of 40 scenes a class stays far from right."""
    photos = [(np.asarray(draw(label, seed, 16)), label) for label in CLASSES for seed in range(40)]
    pixels = np.stack([photo.reshape(-1) for photo, _ in photos]) / 255 - 0.5
    labels = np.array([label for _, label in photos])
    test = np.arange(len(labels)) % 4 == 0
    best = max(
        LogisticRegression(C=strength, max_iter=200).fit(pixels[~test], labels[~test]).score(pixels[test], labels[test])
        for strength in (1e-3, 1e-2)
    )
    assert 0.25 < best < 0.70  # better than chance, which is 0.17: there is something to see
    means = pixels.reshape(len(pixels), -1, 3).mean(axis=1)
    colour = LogisticRegression(C=100, max_iter=1000).fit(means[~test], labels[~test])
    assert colour.score(means[test], labels[test]) < 0.5
