"""What `assess` writes of a run: how sure each figure is, and when to believe an answer."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from sightline.runs.documents.extra import Extra
from sightline.system.documents import Count, Document, Share, Text
from sightline.trust.decision import Decision

Span = tuple[Share, Share]
"""A 95 % interval, low and high."""
Positive = Annotated[float, Field(ge=0)]


class Decided(Document):
    """Photos with one decision, and how often the likeliest class is right for them."""

    n: Count
    accuracy: Share | None = None
    accuracy_ci95: Span | None = None


class Trust(Extra):
    """The headline, what the ledger says of it, and how many photos get each decision."""

    name: ClassVar[str] = "trust"

    headline: Text = ""
    warning: Text = ""
    """What the ledger says of this test set; "" for nothing."""
    decisions: dict[Decision, Decided] = Field(default_factory=dict)


class ClassIntervals(Document):
    """Intervals of the figures of one class."""

    precision: Span
    recall: Span
    f1: Span


class Intervals(Extra):
    """95 % intervals of every figure."""

    name: ClassVar[str] = "intervals"

    photos: Count
    groups: Count
    """Of duplicates, each counted once."""
    accuracy: Span
    macro_f1: Span
    weighted_f1: Span
    per_class: dict[str, ClassIntervals]


class Bin(Document):
    """One bar of a reliability diagram."""

    start: Annotated[Share, Field(alias="from")]
    to: Share
    n: Count
    confidence: Share
    accuracy: Share
    low: Share
    high: Share


class Reliability(Document):
    """How far stated confidence and truth lie apart."""

    ece: Share
    ece_by_chance: Share
    """An ece at or below this may be chance alone."""
    brier: Positive
    log_loss: Positive
    reliability: tuple[Bin, ...]
    """The bins that hold photos."""


class Calibration(Extra):
    """Calibration before and after the temperature was applied."""

    name: ClassVar[str] = "calibration"

    temperature: Annotated[float, Field(gt=0)]
    before: Reliability
    after: Reliability


class ClassCoverage(Document):
    """How the prediction sets kept their promise for the test photos of one class."""

    label: Text
    n: Count
    coverage: Share
    coverage_ci95: Span
    validation: Count = 0
    """Validation photos of this class."""
    below: bool = False
    """Less than chance explains, even among so many classes."""


class Conformal(Extra):
    """How the prediction sets kept their promise on test photos."""

    name: ClassVar[str] = "conformal"

    threshold: Share
    validation: Count
    """Photos that the threshold was fitted on."""
    asked: Share
    coverage: Share
    coverage_ci95: Span
    least: Share
    """Chance alone goes below it on 5 % of test sets."""
    kept: bool
    """The coverage is not below `least`."""
    mean_size: Positive
    sizes: dict[Annotated[str, Field(pattern=r"^\d{1,9}$")], Count]
    """Classes in a set -> photos."""
    per_class: dict[str, Share]
    coverage_by: Literal["all", "class"] = "all"
    """Whether the promise was made for each class, or on average over all."""
    by_class: tuple[ClassCoverage, ...] = ()
    """Empty in runs from before it was measured."""

    @property
    def lowest(self) -> ClassCoverage | None:
        """The class whose sets held the truth least often; by chance, it may be. None where it was not measured."""
        return min(self.by_class, key=lambda row: row.coverage, default=None)


class Familiar(Extra):
    """The share of test photos that look like the training photos."""

    name: ClassVar[str] = "familiarity"

    keep: Share = 0.95
    """The share of validation photos that the threshold was set to keep."""
    test_kept: Share
    auroc: dict[str, Share] = Field(default_factory=dict)
    """Kind of strange picture -> how well it is told from the test photos."""


class Slice(Document):
    """Accuracy on one kind of photo."""

    kind: Text
    slice: Text
    n: Count
    right: Count
    accuracy: Share
    low: Share
    high: Share
    p: Share
    """Could the difference from all other photos be chance?"""
    worse: bool
    """It could hardly, and is for the worse."""


class Accuracy(Document):
    """An accuracy with its interval."""

    n: Count
    accuracy: Share
    accuracy_ci95: Span


class Leaked(Document):
    """Accuracy with and without the test photos that have a twin in train or val."""

    leaked: Count
    with_leaked: Accuracy
    without_leaked: Accuracy | None = None


class Slices(Extra):
    """Where it fails."""

    name: ClassVar[str] = "slices"

    slices: tuple[Slice, ...]
    worst: Text = ""
    """In a sentence."""
    leaked: Leaked | None = None
    """None where duplicates were not sought."""
