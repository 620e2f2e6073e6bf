"""Where the network looked, as a picture: the photo, dimmed where nothing spoke for the answer, lit where much did."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from sightline.data.decoding.decode import square
from sightline.errors import SightlineError
from sightline.judging.heat import enlarge, heat
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
        A JPEG of the same size. The network sees the middle square; what lies outside it is shown in grey.

    Raises:
        Refused: 422 where the network keeps no places or does not know the class; 503 and 504 as for a prediction.
    """
    predictor = desk.predictor
    if label not in predictor.classes:
        raise Refused(422, "This model does not know that class.")
    image = Image.open(io.BytesIO(content), formats=("JPEG",)).convert("RGB")
    pixels = square(image, predictor.size)
    target = [predictor.classes.index(label)]
    try:
        with desk.room(client=client) as until:
            grid = wait(desk.batcher.call(lambda: heat(predictor.network, pixels[None], target), until), until)
    except SightlineError as error:
        raise Refused(422, str(error)) from None
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    warmth = enlarge(grid, side)[0][..., None]
    photo = np.asarray(image, dtype=np.float32)
    grey = photo.mean(axis=2, keepdims=True) * 0.45
    shown = np.repeat(grey, 3, axis=2)
    middle = photo[top : top + side, left : left + side]
    lit = middle * (0.42 + 0.58 * warmth)
    shown[top : top + side, left : left + side] = lit + (_GLOW - lit) * (0.38 * warmth**1.5)
    return as_jpeg(Image.fromarray(shown.clip(0, 255).astype(np.uint8)))
