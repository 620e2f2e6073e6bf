"""What people have at hand, to one photo after another: a path, bytes, an open file, Pillow, NumPy, torch, pandas.

An item that is no photo stays in its place, with the reason: it never ends the batch, and it is never taken for
something that it is not.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sized
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from PIL import Image

from sightline.data.decoding.quarantine import Source
from sightline.data.decoding.regular import MAX_BYTES, Undecodable
from sightline.errors import UsageError

_BLOCK = 1 << 24
_TEXT = 'a file opened as text: open it with open(path, "rb")'
_CHANNELS = (1, 3, 4)
_COLUMNS = (
    *("path", "image", "file", "filename", "photo"),
    *("file_name", "filepath", "file_path", "image_path", "img_path", "img"),
)
"""Of a table, looked for in this order; case does not matter."""
_KEYS = ("bytes", "image", "img", "path")  # of a dict, looked for in this order
_BELOW = -0.5  # no resizing undershoots so far: such values were normalised
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]+://|data:)", re.IGNORECASE)
_NARROWEST = 16  # pixels: what is narrower is no photo of a batch but a band of one picture


class Photo(NamedTuple):
    """One photo that was asked about: `source` is what `decode` takes, or why there is none."""

    name: str
    source: Source | Undecodable


class Photos(NamedTuple):
    """Photos in order; `total` is None where it shows only as they come, as for a generator."""

    items: Iterator[Photo]
    total: int | None


def photos(given: Any, names: Iterable[str] | None = None) -> Photos:
    """One entry for each photo in `given`, in order.

    Args:
        given: a path, the bytes of an image file, an open binary file, a Pillow image, a NumPy array or torch tensor of
            one photo or of several; a dict with `bytes`, `image` or `path`, as the hub's datasets have it; or a list,
            generator, pandas column or table with a column of these.
            Arrays are height x width, or x 1, 3 or 4 channels, several of them with the number first; tensors channels
            x height x width, as torch has them.
        names: what the photos are called; otherwise paths by themselves, and "image 1" … for anything else.

    Raises:
        UsageError: a table has no column of paths, or `names` is not as long as there are photos.
    """
    several = _several(given)
    items = enumerate(several, 1)
    count = len(several) if isinstance(several, Sized) else None
    if names is None:
        return Photos((_photo(item, number) for number, item in items), count)
    called = [names] if isinstance(names, str) else [str(name) for name in names]
    if count is None:
        items = enumerate(several := list(several), 1)
        count = len(several)
    if len(called) != count:
        raise UsageError(f"{len(called):,} names were given for {count:,} photos: give one for each.")
    return Photos((_photo(item, number)._replace(name=called[number - 1]) for number, item in items), count)


def source_of(item: Any) -> Source:
    """One item as something that `decode` takes.

    Args:
        item: as in `photos`, but one photo.

    Raises:
        Undecodable: it is no photo; says what it is.
    """
    if isinstance(item, np.ndarray):
        return _of_pixels(item)
    if isinstance(item, (bytes, bytearray, memoryview, Image.Image)):
        return item
    if isinstance(item, str) and _ADDRESS.match(item):
        raise Undecodable("unsupported", "an address: download the photo first")
    if isinstance(item, str) and not item.strip():
        raise Undecodable("unsupported", "an empty text, not the name of a photo")
    if isinstance(item, (str, os.PathLike)):
        path = os.fspath(item)
        return Path(os.fsdecode(path))
    if isinstance(item, Mapping):
        return _of_hub(item)
    if item is None:
        raise Undecodable("unsupported", "None, as OpenCV gives for a file that it cannot read")
    if _is_tensor(item):
        return _channels_last(item)
    if hasattr(item, "read"):
        return _content(item)
    if hasattr(item, "__array__") and hasattr(item, "shape"):
        return _of_pixels(np.asarray(item))
    kind = type(item)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    raise Undecodable("unsupported", f"{name}: give a path, an image, or an array of height x width x 3")


def _of_pixels(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind == "f" and array.size and float(np.nanmin(array, initial=0)) < _BELOW:
        raise Undecodable("unsupported", "an array with negative values, as after normalising: give 0-1 or 0-255")
    return array


def _of_hub(item: Mapping[Any, Any]) -> Source:
    """A row of a dataset of the hub, or its photo before it was decoded: {"bytes": …, "path": …}, one of them None."""
    inner = next((item[key] for key in _KEYS if item.get(key) is not None), None)
    if inner is None:
        raise Undecodable("unsupported", "dict: give a path, an image, or an array of height x width x 3")
    return source_of(inner)


def _photo(item: Any, number: int) -> Photo:
    name = f"image {number}"
    try:
        named = item.get("path") if isinstance(item, Mapping) else item
        named = getattr(item, "name", None) if hasattr(item, "read") else named
        name = (os.fsdecode(named) if isinstance(named, (str, os.PathLike)) else "") or name
        return Photo(name, source_of(item))
    except Undecodable as error:
        return Photo(name, error)
    except Exception as error:  # whatever a stranger's object raises when it is read, the others get their answer
        return Photo(name, Undecodable("unsupported", f"{type(item).__name__} that cannot be read ({_said(error)})"))


def _several(given: Any) -> Iterable[Any]:
    """`given` as something to go through, one photo at a time."""
    if isinstance(given, pd.DataFrame):
        return _column(given)
    if isinstance(given, np.ndarray):
        return _split(given, channels_first=False)
    if _is_tensor(given):
        return _split(given, channels_first=True)
    single = (str, os.PathLike, bytes, bytearray, memoryview, Image.Image, Mapping)
    if isinstance(given, single) or hasattr(given, "read") or not isinstance(given, Iterable):
        return [given]
    return given


def _split(array: Any, channels_first: bool) -> Iterable[Any]:
    """An array or a tensor as photos: itself where it is one, its entries where it holds several."""
    shape = tuple(array.shape)
    if isinstance(array, np.ndarray) and array.dtype.kind in "OUS":  # paths, bytes, images
        return array.ravel().tolist() if array.ndim else [array.item()]
    one = len(shape) != 4
    if len(shape) == 3 and not channels_first and not {shape[0], shape[2]} & set(_CHANNELS):
        one = shape[2] < _NARROWEST  # n x height x width: grey ones; but not height x width x 2, or x 12 bands
    return [array] if one else [array[number] for number in range(shape[0])]


def _column(table: pd.DataFrame) -> Iterable[Any]:
    names = {str(name).lower().replace(" ", "_"): name for name in reversed(table.columns)}
    found = [names[name] for name in _COLUMNS if name in names]
    if not found and len(table.columns) != 1:
        raise UsageError(
            f"A table without a column {_COLUMNS[0]!r}: give the column with the paths, such as table['file']."
        )
    return list(table[found[0]] if found else table.iloc[:, 0])


def _is_tensor(item: Any) -> bool:
    torch = sys.modules.get("torch")  # who has a tensor has loaded it
    return torch is not None and isinstance(item, torch.Tensor)


def _channels_last(tensor: Any) -> np.ndarray:
    shape = tuple(tensor.shape)
    dense = tensor.detach().cpu()
    if dense.is_floating_point():
        dense = dense.float()  # NumPy has no bfloat16
        if dense.numel() and float(dense.min()) < _BELOW:
            raise Undecodable("unsupported", "a tensor with negative values, as after normalising: give 0-1 or 0-255")
    array = np.asarray(dense.numpy())
    if array.ndim == 3 and shape[0] in _CHANNELS:
        return np.moveaxis(array, 0, -1)
    if array.ndim == 2 or (array.ndim == 3 and shape[2] in _CHANNELS):
        return array
    raise Undecodable("unsupported", f"a tensor of shape {shape}: give channels x height x width")


def _content(file: Any) -> bytes:
    """What is left to read of an open file; all of it where it was just written and stands at its end."""
    if isinstance(file, io.TextIOBase):
        raise Undecodable("unsupported", _TEXT)
    content = _rest(file)
    if not content and hasattr(file, "seek"):
        file.seek(0)
        content = _rest(file)
    return content


def _rest(file: Any) -> bytes:
    """In blocks, since to ask for all that may come takes memory for that much."""
    parts: list[bytes] = []
    length = 0
    while True:
        block = file.read(_BLOCK)
        if not isinstance(block, (bytes, bytearray, memoryview)):
            raise Undecodable("unsupported", _TEXT)
        if not block:
            return b"".join(parts)
        parts.append(bytes(block))
        length += len(block)
        if length > MAX_BYTES:
            raise Undecodable("too-large", "the file has more than 2.1 GB")


def _said(error: Exception) -> str:
    text = "".join(sign if sign.isprintable() else " " for sign in str(error))[:200].strip()
    return text or type(error).__name__
