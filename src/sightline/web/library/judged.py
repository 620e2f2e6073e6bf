"""What a run's page says of its test photos: the sentences, the matrix and the classes of its report."""

from __future__ import annotations

from typing import Any

from sightline.errors import SightlineError
from sightline.judging import claims
from sightline.report import run_sections
from sightline.report.photos import Album
from sightline.runs.documents.trust import Conformal, Intervals
from sightline.runs.documents.two_classes import TwoClasses
from sightline.web.library.row import row
from sightline.web.library.shelf import Shelved


def judged(run: Shelved) -> dict[str, Any] | None:
    """Sentences, confusion matrix, and class by class with averages; None where there is no sound figure yet."""
    if row(run).status == "damaged":
        return None
    try:
        found = run.folder.evaluation()
        if found is None:
            return None
        known, sets, two = run.folder.extra(Intervals), run.folder.extra(Conformal), run.folder.extra(TwoClasses)
        said = [*claims.sentences(found, known, two), claims.by_class(sets) if sets else ""]
        return {
            "said": [text for text in said if text],
            "heading": claims.mixed_up(found.confusion, found.classes, known),
            "matrix": run_sections.matrix(found.confusion, [], found.classes, Album(None)),
            "classes": run_sections.per_class(found, known, found.classes),
        }
    except SightlineError:  # a damaged extra: the run itself is sound, and its row says what there is to say
        return None
