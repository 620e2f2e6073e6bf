"""Blank, dark, blurred, tiny and odd photos stand out; ordinary ones do not."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageFilter

from sightline.checks.files import check_files, check_quality, quality
from sightline.data.pixels import Pixels
from sightline.data.table import problem_table
from sightline.scenes.write import CLASSES, draw

SCENES = [draw(label, seed, 96) for label in CLASSES for seed in range(5)]


def judged(image: Image.Image, width: int = 96, height: int = 96) -> dict[str, float]:
    squares = np.stack([np.asarray(each.convert("RGB")) for each in [*SCENES, image]])
    size = {"width": [96] * len(SCENES) + [width], "height": [96] * len(SCENES) + [height]}
    return quality(pd.DataFrame(size), Pixels(squares)).iloc[-1].to_dict()


FAULTS = {
    "blank": Image.new("RGB", (96, 96), (130, 140, 150)),
    "dark": Image.eval(SCENES[12], lambda v: v // 9),
    "bright": Image.eval(SCENES[2], lambda v: 224 + v // 9),
    "blurred": SCENES[2].filter(ImageFilter.GaussianBlur(6)),
}


@pytest.mark.parametrize("name", list(FAULTS))
def test_a_bad_photo_is_flagged_for_what_is_wrong_with_it(name: str) -> None:
    scores = judged(FAULTS[name])
    assert scores[name] >= 0.8
    assert max(scores, key=lambda key: scores[key]) == name


@pytest.mark.parametrize(("name", "width", "height"), [("tiny", 12, 12), ("odd shape", 600, 96), ("odd size", 12, 12)])
def test_sizes(name: str, width: int, height: int) -> None:
    assert judged(SCENES[0], width, height)[name] >= 0.8


def test_one_colour_among_others_is_off() -> None:
    greys = [np.asarray(each.convert("L").convert("RGB")) for each in SCENES]
    red = greys[2] // [2, 64, 64] + [127, 0, 0]
    samples = pd.DataFrame(index=range(len(greys) + 1))
    scores = quality(samples, Pixels(np.stack([*greys, red.astype(np.uint8)])))["off-colour"]
    assert scores.iloc[-1] >= 0.8
    assert not scores.iloc[:-1].any()


def test_ordinary_scenes_are_left_alone() -> None:
    samples = pd.DataFrame({"path": [f"{i}.jpg" for i in range(len(SCENES))], "label": "x"})
    found = check_quality(samples, Pixels(np.stack([np.asarray(each) for each in SCENES])))
    assert not found["flagged"].any(), found[["path", "detail", "score"]]


def test_a_finding_says_what_and_how_large() -> None:
    samples = pd.DataFrame({"path": ["a", "b", "c"], "label": "x", "width": [96, 96, 9], "height": [96, 96, 9]})
    found = check_quality(samples, Pixels(np.stack([np.asarray(each) for each in SCENES[:3]])))
    assert found["path"].tolist() == ["c"]
    assert "tiny (9 × 9)" in found.loc[0, "detail"]


def test_files_left_out_are_findings_and_conversions_are_not() -> None:
    problems = problem_table(
        [("a.jpg", "truncated", "ends early", "left out"), ("b.png", "16-bit", "scaled to 8 bits", "converted")]
    )
    found = check_files(problems)
    assert found[["path", "check", "score", "detail"]].values.tolist() == [
        ["a.jpg", "file", 1.0, "truncated: ends early"]
    ]


def test_no_photos() -> None:
    assert len(quality(pd.DataFrame({"width": [], "height": []}), Pixels(np.zeros((0, 32, 32, 3), np.uint8)))) == 0
