"""Whatever people have at hand: as many photos as there are, the same ones, and a reason for what is none."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from pictures import encoded, quarters
from sightline.data.decoding.decode import decode
from sightline.data.decoding.inputs import photos, source_of
from sightline.data.decoding.regular import Undecodable
from sightline.errors import UsageError

PIXELS = np.asarray(quarters())
DATA = encoded(quarters(), "PNG")


def listed(given, names=None) -> list[tuple[str, object]]:
    found = photos(given, names)
    items = list(found.items)
    assert found.total in (None, len(items))
    return items


def same(source) -> bool:
    return bool((np.asarray(decode(source).image) == PIXELS).all())


@pytest.fixture
def file(tmp_path) -> Path:
    (tmp_path / "a.png").write_bytes(DATA)
    return tmp_path / "a.png"


CHANNELS_FIRST = np.ascontiguousarray(np.moveaxis(PIXELS, 2, 0))
ONE = {
    "bytes": lambda file: DATA,
    "bytearray": lambda file: bytearray(DATA),
    "memoryview": lambda file: memoryview(DATA),
    "path": lambda file: file,
    "text": str,
    "text of NumPy": np.str_,
    "Pillow": lambda file: quarters(),
    "Pillow, not loaded": Image.open,
    "array": lambda file: PIXELS,
    "array in another order": lambda file: np.asfortranarray(PIXELS),
    "masked array": lambda file: np.ma.masked_array(PIXELS),
    "array of 0-1": lambda file: PIXELS / 255,
    "array with alpha": lambda file: np.dstack([PIXELS, np.full(PIXELS.shape[:2], 255, np.uint8)]),
    "tensor": lambda file: torch.from_numpy(CHANNELS_FIRST),
    "tensor of 0-1": lambda file: torch.from_numpy(CHANNELS_FIRST) / 255,
    "tensor with a gradient": lambda file: (torch.from_numpy(CHANNELS_FIRST) / 255).requires_grad_(),
    "tensor in NumPy's order": lambda file: torch.from_numpy(PIXELS.copy()),
    "row of the hub": lambda file: {"image": quarters(), "label": 3},
    "photo of the hub": lambda file: {"bytes": DATA, "path": None},
    "photo of the hub, nested": lambda file: {"image": {"bytes": DATA, "path": "a/b.png"}, "label": 3},
    "open file": lambda file: file.open("rb"),
    "BytesIO": lambda file: io.BytesIO(DATA),
}


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize("wrap", [lambda one: one, lambda one: [one], lambda one: (one,), lambda one: iter([one])])
def test_one_photo_is_one_photo(name, wrap, file):
    one = ONE[name](file)
    (photo,) = listed(wrap(one))
    assert photo.name == (str(file) if name in ("path", "text", "text of NumPy", "open file") else "image 1")
    assert same(photo.source)
    if hasattr(one, "close"):
        one.close()


@pytest.mark.parametrize("shape", [(150, 150, 3), (150, 150), (150, 150, 1), (1, 150, 3), (3, 3, 3), (7, 5, 4), (3, 4)])
def test_an_array_of_one_photo_is_not_many(shape):
    ((name, source),) = listed(np.zeros(shape, np.uint8))
    assert (name, source.shape) == ("image 1", shape)


@pytest.mark.parametrize(
    ("given", "count"),
    [
        (np.zeros((5, 32, 24, 3), np.uint8), 5),
        (np.zeros((5, 32, 24, 1), np.uint8), 5),
        (np.zeros((5, 32, 24), np.uint8), 5),
        (np.zeros((0, 32, 24, 3), np.uint8), 0),
        (torch.zeros(5, 3, 32, 24), 5),
        (torch.zeros(2, 1, 32, 24, dtype=torch.uint8), 2),
        ([np.zeros((32, 24), np.uint8)] * 4, 4),
        ([], 0),
    ],
)
def test_several_stay_several(given, count):
    found = listed(given)
    assert len(found) == count
    assert all(decode(photo.source).image.size == (24, 32) for photo in found)


def test_columns_tables_and_generators(file):
    names = [str(file)] * 3
    for given in (
        pd.Series(names, index=[7, 3, 9]),
        pd.Index(names),
        pd.DataFrame({"label": "sea", "path": names}),
        pd.DataFrame({"whatever": names}),
        np.array(names),
        np.array(names, dtype=object),
        (name for name in names),
        dict.fromkeys(names[:1]).keys(),
    ):
        found = listed(given)
        assert [photo.name for photo in found] == names[: len(found)]
        assert all(same(photo.source) for photo in found)
    with pytest.raises(UsageError, match="column"):
        photos(pd.DataFrame({"a": names, "b": names}))


def test_a_generator_is_asked_as_needed():
    asked = []

    def endless():
        while True:
            asked.append(1)
            yield DATA

    found = photos(endless())
    assert found.total is None
    assert same(next(found.items).source)
    assert len(asked) == 1


@pytest.mark.parametrize("bands", [2, 5, 12])
def test_a_picture_of_odd_bands_alone_is_one_row_with_its_reason(bands):
    ((_, source),) = listed(np.zeros((64, 64, bands), np.uint8))
    with pytest.raises(Undecodable, match="shape"):
        decode(source)


@pytest.mark.parametrize("name", ["Path", "IMAGE", "image_path", "File Name", "img"])
def test_the_column_of_a_table_by_its_usual_names(name, file):
    ((called, source),) = listed(pd.DataFrame({"label": ["sea"], name: [str(file)]}))
    assert called == str(file) and same(source)


def test_names_are_taken_or_missed(file):
    assert [photo.name for photo in listed(iter([DATA, DATA]), ["a", "b"])] == ["a", "b"]
    assert listed([file], ["mine"])[0].name == listed(file, "mine")[0].name == "mine"
    with gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(DATA))) as nameless:
        assert listed([DATA, nameless])[1].name == "image 2"
    for given in ([DATA], iter([DATA])):
        with pytest.raises(UsageError, match="2 names were given for 1 photos"):
            photos(given, ["a", "b"])


class Closed:
    def read(self, count: int = -1) -> bytes:
        raise ValueError("I/O operation on closed file")


NONE = {
    "None": (None, "OpenCV"),
    "number": (3, "int"),
    "missing path": (float("nan"), "float"),
    "dictionary": ({"a": 1}, "dict"),
    "nested lists": ([[0, 1], [2, 3]], "list"),
    "label and image": ((quarters(), 3), "tuple"),
    "dictionary of nothing": ({"bytes": None, "path": None}, "dict"),
    "grey with alpha": (np.zeros((64, 64, 2), np.uint8), "shape"),
    "twelve bands": (np.random.default_rng(0).random((64, 64, 12)), "shape"),
    "class": (Image, "module"),
    "address": ("https://example.org/a.jpg", "download"),
    "array normalised": (np.random.default_rng(0).normal(size=(64, 64, 3)), "normalis"),
    "array from -1 to 1": (np.linspace(-1, 1, 64 * 64, dtype=np.float32).reshape(64, 64), "normalis"),
    "array of NaN": (np.full((64, 64, 3), np.nan), "finite"),
    "other address": ("s3://bucket/a.jpg", "download"),
    "empty text": ("", "empty text"),
    "text file": (io.StringIO("abc"), "rb"),
    "text file of a photo": (io.TextIOWrapper(io.BytesIO(DATA)), "rb"),
    "closed file": (Closed(), "closed"),
    "normalised tensor": (torch.randn(3, 64, 64), "normalis"),
    "batch inside a list": (torch.zeros(2, 3, 8, 8), "shape"),
    "tensor of features": (torch.zeros(512), "shape"),
    "pandas column inside a list": (pd.Series([1, 2]), "shape"),
}


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_photo_keeps_its_place(name):
    item, word = NONE[name]
    found = listed([DATA, item, DATA])
    assert same(found[0].source)
    assert same(found[2].source)
    try:
        decode(source_of(item))
    except Undecodable as error:
        assert word in error.detail
    except ValueError:
        assert isinstance(found[1].source, Undecodable)
        assert word in found[1].source.detail
    else:
        raise AssertionError("it was taken for a photo")


@pytest.mark.parametrize("item", [None, 3, 2.5, {"a": 1}, object()])
def test_what_is_no_photo_and_stands_alone(item):
    ((_, source),) = listed(item)
    assert isinstance(source, Undecodable)


def test_a_file_that_was_just_written():
    file = io.BytesIO()
    quarters().save(file, "PNG")
    assert same(listed(file)[0].source)
    ((_, empty),) = listed(io.BytesIO())
    with pytest.raises(Undecodable):
        decode(empty)


@pytest.mark.parametrize("name", ["array", "tensor"])
@pytest.mark.parametrize("share", [1.0, 0.5])
def test_half_precision(name, share):
    array = (PIXELS * share / 255).astype(np.float16)
    one = array if name == "array" else torch.from_numpy(np.moveaxis(array, 2, 0).astype(np.float32)).bfloat16()
    found = np.asarray(decode(listed(one)[0].source).image).astype(int)
    assert np.abs(found - PIXELS * share).max() <= 2


def test_what_a_generator_raises_is_raised_as_it_is():
    def stops():
        yield DATA
        raise LookupError("mine")

    found = photos(stops())
    assert same(next(found.items).source)
    with pytest.raises(LookupError, match="mine"):
        next(found.items)
