"""The training photos nearest to a photo of the dataset."""

from __future__ import annotations

from sightline.data.decoding.decode import Undecodable
from sightline.judging.heat import neighbours as nearest
from sightline.web.answering.resemblance import remembered
from sightline.web.answering.service import desks, wait
from sightline.web.library.photos import Photos
from sightline.web.library.shelf import Shelved
from sightline.web.replies import Refused


def neighbours(run: Shelved, found: Photos, row: int, count: int = 6) -> list[tuple[int, float]]:
    """(row, likeness) of the most similar training photos, itself left out; [] when the model is busy or there is
    none.
    """
    known = remembered(run.folder)
    if not known.paths or not run.answers:
        return []
    try:
        desk = desks().get(run.name)
        pixels = desk.predictor.prepare(found.file(row))
        with desk.room() as until:
            outputs = wait(desk.batcher.call(lambda: desk.predictor.outputs(pixels[None]), until), until)
    except (Refused, Undecodable):
        return []
    own = found.table["path"].iloc[row]
    near = [n for n in nearest(desk.predictor, outputs.embeddings, known, most=count + 1)[0] if n.path != own]
    return [(there, n.similarity) for n in near[:count] for there in found.rows_named([n.path])]
