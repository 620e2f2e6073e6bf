"""Pillow's warnings are dropped while pictures are decoded; everybody else's are not."""

import io
import struct
import threading
import warnings

import pytest
from PIL import Image

from sightline.data.decoding.decode import decode


def encoded(**options) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "JPEG", **options)
    return out.getvalue()


def test_other_modules_warnings_and_filters_survive_threads():
    before = list(warnings.filters)
    data = encoded()
    threads = [threading.Thread(target=lambda: [decode(data) for _ in range(40)]) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before
    with pytest.warns(UserWarning, match="mine"):
        warnings.warn("mine", UserWarning, stacklevel=1)


def test_an_exif_tag_that_points_outside_warns_nobody():
    # One entry: orientation as 400 values that lie far behind the end.
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x0112, 4, 400, 5000) + b"\0\0\0\0"
    data = encoded(exif=exif)
    with pytest.warns(UserWarning):
        Image.open(io.BytesIO(data)).getexif()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        decode(data)
    assert seen == []
