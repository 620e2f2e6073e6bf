"""The training photos nearest to a photo of the dataset."""

from __future__ import annotations

import numpy as np

from sightline.data.decoding.opening import MAX_PIXELS
from sightline.data.decoding.regular import Undecodable
from sightline.judging.heat import neighbours as nearest
from sightline.web.answering.resemblance import remembered
from sightline.web.answering.service import deadline, desks, wait
from sightline.web.decoders import decoders
from sightline.web.library.photos import Photos
from sightline.web.library.shelf import Shelved
from sightline.web.replies import Refused


def neighbours(run: Shelved, found: Photos, row: int, client: str = "", count: int = 6) -> list[tuple[int, float]]:
    """The most similar training photos.

    Args:
        run: whose model looks.
        found: its photos.
        row: the photo.
        client: who asks.
        count: how many, at most.

    Returns:
        (row, likeness) of each, itself left out; [] when the model is busy or there is none.
    """
    known = remembered(run.folder)
    if not known.paths or not run.answers:
        return []
    try:
        until = deadline()
        desk = desks().get(run.name, until)
        with desk.room(client=client, until=until):
            seen = decoders().look(
                str(found.file(row)),
                MAX_PIXELS,
                size=desk.predictor.size,
                fit=desk.predictor.fit,
                white=desk.predictor.white,
                digest=found.digest(row),
                client=client,
                until=until,
            )
            pixels = np.asarray(seen.square)
            outputs = wait(desk.batcher.call(lambda: desk.predictor.outputs(pixels[None]), until), until)
    except (Refused, Undecodable):
        return []
    own = found.table["path"].iloc[row]
    near = [n for n in nearest(desk.predictor, outputs.embeddings, known, most=count + 1)[0] if n.path != own]
    return [(there, n.similarity) for n in near[:count] for there in found.rows_named([n.path])]
