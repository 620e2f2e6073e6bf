"""Photos that a person names -> why a run answers as it does, as a page, a table and one picture for each photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sightline.data.decoding.regular import Undecodable
from sightline.data.reading.named import photos_named
from sightline.errors import SightlineError, UsageError
from sightline.judging import heat
from sightline.predictor import Predictor
from sightline.report import reasons_page
from sightline.report.photos import jpeg, spotlight
from sightline.runs.documents.extras import Neighbours
from sightline.runs.folder import RunFolder
from sightline.system.files import replacing, require_free, require_writable, write_json, write_text
from sightline.system.marker import mark
from sightline.system.progress import note, track

_AT_ONCE = 16  # photos


@dataclass(frozen=True)
class Reasons:
    """What was found, and the page that shows it."""

    page: Path
    photos: list[tuple[str, heat.Reason]]  # the path of each photo, and what `explain` says of it
    failed: list[tuple[str, str]]  # the path of each file that could not be read, and why

    def to_dict(self) -> dict[str, object]:
        """What explain.json holds."""
        return {
            "photos": [{"path": path, **reason.to_dict()} for path, reason in self.photos],
            "failed": [{"path": path, "error": error} for path, error in self.failed],
        }


def explain(
    run: str | Path,
    images: Sequence[str | Path] | str | Path,
    *,
    out: str | Path | None = None,
    of: str | None = None,
    neighbours: int = 4,
    device: str = "auto",
) -> Reasons:
    """Say where the network looked in each photo, and which training photos it resembles.

    Args:
        run: a complete run.
        images: photos, folders of photos, and what else `photos_named` takes.
        out: a folder for explain.html, explain.json and the pictures, new or empty; None: RUN/explain.
        of: explain this class; None: the one predicted.
        neighbours: how many training photos for each photo.
        device: auto, cpu, cuda, mps.

    Raises:
        UsageError: nothing to explain, no such run or class, or `out` is not empty.
        SightlineError: none of the photos can be read.
    """
    if not images:
        raise UsageError("No IMAGE given: name photos, or folders of photos.")
    if neighbours < 0:
        raise UsageError(f"--neighbours {neighbours}: give a number from 0 up.")
    folder = RunFolder.open(run)
    place = Path(out) if out is not None else folder.path / "explain"
    if out is not None:
        require_free(place)
    else:
        require_writable(place, folder=True)
    files = photos_named([images] if isinstance(images, str | Path) else images)
    predictor = Predictor.load(run, device, photos=len(files))
    if of is not None and of not in predictor.classes:
        raise UsageError(f"--class {of}: the run has no such class. It knows {', '.join(predictor.classes)}.")
    shown, pixels, failed = [], [], []
    for file in files:
        try:
            pixels.append(predictor.prepare(file))
            shown.append(file)
        except Undecodable as error:
            failed.append((str(file), f"{error.problem}: {error.detail}"))
            note(f"{file}: {error.problem}: {error.detail}")
    if not shown:
        raise SightlineError("None of the photos could be read. Give JPEG, PNG or another common format.")
    remembered, described = folder.extra(Neighbours), folder.dataset()
    reasons: list[heat.Reason] = []
    with track("Explaining", len(shown)) as advance:
        for start in range(0, len(shown), _AT_ONCE):
            part = np.stack(pixels[start : start + _AT_ONCE])
            classes = None if of is None else [predictor.classes.index(of)] * len(part)
            reasons += heat.explain(predictor, part, remembered, classes, neighbours)
            advance(len(part))
    mark(place, "what explain saw")
    found = Reasons(place / "explain.html", list(zip(map(str, shown), reasons, strict=True)), failed)
    for number, ((path, reason), photo) in enumerate(zip(found.photos, pixels, strict=True), 1):
        with replacing(place / f"{number:03d}-{Path(path).stem[:60]}.jpg") as temporary:
            temporary.write_bytes(jpeg(np.hstack([photo, spotlight(photo, np.asarray(reason.heat))])))
    root = described.folder if described else None
    html = reasons_page.render(found.photos, pixels, folder.name, root, predictor.fit, predictor.white)
    write_text(found.page, html)
    write_json(place / "explain.json", found.to_dict())
    return found
