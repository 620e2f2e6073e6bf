"""Where the network looked, as a picture: the photo, dimmed where nothing spoke for the answer, lit where much did."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.data.decoding.fit import inside, seen, square
from sightline.errors import SightlineError
from sightline.judging.heat import enlarge, heat
from sightline.predictor import Predictor
from sightline.web.answering.service import Desk, wait
from sightline.web.look import as_jpeg
from sightline.web.replies import Refused

_GLOW = np.array([255, 176, 46], dtype=np.float32)


def overlay(desk: Desk, content: bytes, label: str, client: str = "") -> bytes:
    """Explain `label` for a picture of our own making.

    Args:
        desk: whose model.
        content: a JPEG that this site made itself.
        label: the class to explain.
        client: who asks.

    Returns:
        A JPEG of the same size. What the network is not shown, as outside the middle square, is grey.

    Raises:
        Refused: 422 where the network keeps no places or does not know the class; 503 and 504 as for a prediction.
    """
    predictor = desk.predictor
    if label not in predictor.classes:
        raise Refused(422, "This model does not know that class.")
    image = Image.open(io.BytesIO(content), formats=("JPEG",)).convert("RGB")
    pixels = square(image, predictor.size, predictor.fit)
    target = [predictor.classes.index(label)]
    try:
        with desk.room(client=client) as until:
            grid = wait(desk.batcher.call(lambda: heat(predictor.network, pixels[None], target), until), until)
    except SightlineError as error:
        raise Refused(422, str(error)) from None
    photo = np.asarray(image, dtype=np.float32)
    shown = np.repeat(photo.mean(axis=2, keepdims=True) * 0.45, 3, axis=2)
    warmth, (left, top, right, bottom) = placed(grid[0], image.size, predictor)
    part = photo[top:bottom, left:right]
    lit = part * (0.42 + 0.58 * warmth)
    shown[top:bottom, left:right] = lit + (_GLOW - lit) * (0.38 * warmth**1.5)
    return as_jpeg(Image.fromarray(shown.clip(0, 255).astype(np.uint8)))


def placed(
    grid: NDArray[np.float32], size: tuple[int, int], predictor: Predictor
) -> tuple[NDArray[np.float32], tuple[int, int, int, int]]:
    """Heat over the part of a photo that the network is shown.

    Args:
        grid: (h, w), 0-1, over the network's square.
        size: width and height of the photo in pixels.
        predictor: which makes photos square in its way.

    Returns:
        The heat there (h, w, 1), and where that is: left, top, right and bottom in pixels of the photo.
    """
    left, top, right, bottom = (round(edge) for edge in seen(*size, predictor.fit))
    large = Image.fromarray(enlarge(grid[None], predictor.size)[0])
    large = large.crop(inside(*size, predictor.size, predictor.fit))
    warmth = np.asarray(large.resize((right - left, bottom - top), Image.Resampling.BILINEAR))[..., None]
    return warmth, (left, top, right, bottom)
