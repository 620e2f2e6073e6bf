"""A photo's page, and the pictures that are made of it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from django.test import Client
from PIL import Image

from sightline.runs.folder import RunFolder


def _row(run: Path, split: str) -> int:
    samples = RunFolder(run).samples().reset_index(drop=True)
    return int(samples.index[samples["split"] == split][0])


def test_a_test_photo_with_its_answer_and_what_is_known(run: Path, visitor: Client) -> None:
    row = _row(run, "test")
    sample = RunFolder(run).samples().iloc[row]
    page = visitor.get(f"/data/{run.name}/{row}/").content.decode()
    assert f"{sample['width']} × {sample['height']}" in page and "Taken for" in page and sample["path"] in page


def test_a_training_photo_proves_nothing(run: Path, visitor: Client) -> None:
    page = visitor.get(f"/data/{run.name}/{_row(run, 'train')}/").content.decode()
    assert "would prove nothing" in page and "Taken for" not in page


def test_neighbours_without_scripts(run: Path, visitor: Client) -> None:
    row = _row(run, "test")
    assert "alike" not in visitor.get(f"/data/{run.name}/{row}/").content.decode()
    page = visitor.get(f"/data/{run.name}/{row}/?neighbours=1").content.decode()
    assert page.count(" alike<") == 6 and "<html" in page
    fragment = visitor.get(f"/data/{run.name}/{row}/resembling").content.decode()
    assert fragment.count(" alike<") == 6 and "<html" not in fragment


@pytest.mark.parametrize(("kind", "most"), [("thumb", 256), ("photo", 1280)])
def test_pictures_are_made_anew(kind: str, most: int, run: Path, visitor: Client) -> None:
    answer = visitor.get(f"/data/{run.name}/0/{kind}.jpg")
    assert answer["Content-Type"] == "image/jpeg" and "immutable" in answer["Cache-Control"]
    assert max(Image.open(io.BytesIO(answer.content)).size) <= most
    assert visitor.get(f"/data/{run.name}/0/other.jpg").status_code == 404
    assert visitor.get(f"/data/{run.name}/99999/{kind}.jpg").status_code == 404


def test_the_heat_map_explains_any_class_of_the_model(run: Path, visitor: Client) -> None:
    row, classes = _row(run, "test"), RunFolder(run).known_dataset().classes
    maps = [visitor.get(f"/data/{run.name}/{row}/heat.jpg?label={name}").content for name in classes[:2]]
    assert all(Image.open(io.BytesIO(content)).format == "JPEG" for content in maps) and maps[0] != maps[1]
    assert visitor.get(f"/data/{run.name}/{row}/heat.jpg?label=nothing").status_code == 422


def test_a_head_request_is_answered(run: Path, visitor: Client) -> None:
    assert visitor.head(f"/data/{run.name}/").status_code == 200


def test_mistakes_on_val_and_test_are_counted_apart(run: Path, visitor: Client) -> None:
    predictions = RunFolder(run).predictions()
    page = visitor.get(f"/data/{run.name}/").content.decode()
    for split in ("val", "test"):
        asked = predictions[predictions["split"] == split]
        wrong = int((asked["predicted"] != asked["label"]).sum())
        said = re.search(rf'split={split}&amp;outcome=wrong">(\d+) mistakes? on (\d+) {split} photos', page)
        assert said is not None and (int(said[1]), int(said[2])) == (wrong, len(asked))
        filtered = visitor.get(f"/data/{run.name}/", {"split": split, "outcome": "wrong"}).content.decode()
        assert f"{wrong} of" in filtered or not wrong


def test_a_missing_percentage_says_why(run: Path, visitor: Client) -> None:
    train = visitor.get(f"/data/{run.name}/", {"split": "train"}).content.decode()
    assert "learnt from" in train
    assert "learnt from" not in visitor.get(f"/data/{run.name}/", {"split": "test"}).content.decode()
