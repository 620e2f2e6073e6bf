"""What `assess` writes of a run with two classes: the figures that a test is judged by."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from sightline.runs.documents.extra import Extra
from sightline.runs.documents.trust import Span
from sightline.system.documents import Count, Document, Share, Text


class OperatingPoint(Document):
    """The test photos at one threshold; shares are None where nothing was called so."""

    kind: Literal["val", "sensitivity", "half"]
    """The threshold: chosen on val, on val for the wanted sensitivity, or one half because val could not choose."""
    threshold: Share
    found: Count
    missed: Count
    alarms: Count
    """Negatives called positive."""
    passed: Count
    sensitivity: Share
    sensitivity_ci95: Span
    specificity: Share
    specificity_ci95: Span
    ppv: Share | None = None
    """Of those called positive, the share that are."""
    ppv_ci95: Span | None = None
    npv: Share | None = None
    npv_ci95: Span | None = None


class TwoClasses(Extra):
    """Sensitivity, specificity, predictive values, AUC and average precision."""

    name: ClassVar[str] = "two_classes"

    positive: Text
    negative: Text
    why: Text
    """Why this class is the positive one, in words."""
    photos: Count
    positives: Count
    auc: Share
    auc_ci95: Span
    """DeLong's."""
    average_precision: Share
    average_precision_ci95: Span
    """Bootstrap."""
    wanted: Share
    """The sensitivity asked for; where val was too small to promise it, no point has it."""
    points: Annotated[tuple[OperatingPoint, ...], Field(min_length=1)]
    """The threshold chosen on val first."""
