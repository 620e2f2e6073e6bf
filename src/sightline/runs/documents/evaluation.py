"""evaluation.json: the figures of one evaluation, and the sentence that quotes them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import ConfigDict, FailFast, Field, PrivateAttr, model_validator

from sightline.runs.documents.trust import Intervals
from sightline.runs.documents.two_classes import TwoClasses
from sightline.system import html
from sightline.system.documents import Classes, Count, Document, Share
from sightline.system.words import percent, span

Row = Annotated[tuple[Count, ...], FailFast()]


class ClassFigures(Document):
    """The figures of one class."""

    precision: Share
    recall: Share
    f1: Share
    support: Count
    """Photos of this class."""


class Evaluation(Document):
    """The figures of one evaluation; the keys of evaluation.json as attributes, neither more nor fewer."""

    model_config = ConfigDict(extra="forbid")
    most_bytes: ClassVar[int] = 128 << 20  # the confusion matrix of some thousand classes

    n: Annotated[int, Field(ge=1, le=2**53)]
    accuracy: Share
    accuracy_ci95: tuple[Share, Share]
    """Wilson score interval."""
    macro_f1: Share
    """The mean over the classes that occur, as truth or as prediction."""
    weighted_f1: Share
    per_class: Annotated[dict[str, ClassFigures], FailFast()]
    confusion: Annotated[tuple[Row, ...], FailFast()]
    """K rows, the truth; K columns, predicted."""
    classes: Classes
    ece: Share
    """Expected calibration error over 15 bins of equal width."""
    log_loss: Annotated[float, Field(ge=0)]
    """In nats."""
    test_opened: Count | None = None
    """How often this test set had been opened, this time included; None where it is not the run's own."""
    _intervals: Intervals | None = PrivateAttr(default=None)
    _two: TwoClasses | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if set(self.per_class) != set(self.classes):
            raise ValueError("per_class and classes name different classes")
        if len(self.confusion) != len(self.classes) or {len(row) for row in self.confusion} != {len(self.classes)}:
            raise ValueError("confusion has not a row and a column for each class")
        return self

    def beside(self, intervals: Intervals, two: TwoClasses | None = None) -> Self:
        """The same evaluation, with the intervals of its figures and the reading of two classes beside it."""
        copy = self.model_copy()
        copy._intervals, copy._two = intervals, two
        return copy

    @property
    def intervals(self) -> Intervals | None:
        """95 % intervals of every figure, over duplicate groups, where `sightline.evaluate` found it."""
        return self._intervals

    @property
    def two_classes(self) -> TwoClasses | None:
        """Sensitivity, specificity and predictive values, where `sightline.evaluate` found two classes."""
        return self._two

    @property
    def figure(self) -> str:
        """The accuracy alone: "93.1 %"."""
        return percent(self.accuracy, unit=" %")

    @property
    def rest(self) -> str:
        """What belongs to the figure: "(92.1–94.0) on 3,000 photos seen once"."""
        times = self.test_opened
        seen = "" if times is None else " seen once" if times == 1 else f" seen {times} times"
        return f"({span(self.accuracy_ci95)}) on {self.n:,} photo{'' if self.n == 1 else 's'}{seen}"

    @property
    def headline(self) -> str:
        """The result in one line, as it should be quoted: "93.1 % (92.1–94.0) on 3,000 photos seen once"."""
        return f"{self.figure} {self.rest}"

    def __repr__(self) -> str:
        return f"Evaluation({self.headline})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the figure, and each class with precision, recall and F1."""
        rows = [
            [name, *(percent(share) for share in (row.precision, row.recall, row.f1)), f"{row.support:,}"]
            for name, row in self.per_class.items()
        ]
        return html.lines(f"Accuracy {self.headline}") + html.table(
            ["class", "precision", "recall", "F1", "photos"], rows
        )
