"""What comparing runs finds, as `sightline compare --json` prints it."""

from __future__ import annotations

from sightline.runs.documents.trust import Span
from sightline.system import html
from sightline.system.documents import Count, Document, Share, Text
from sightline.system.words import percent, span


class Costs(Document):
    """What a run cost; None where it is not known."""

    parameters: Count | None
    train_seconds: float | None
    images_per_second: float | None
    """In training, the median epoch."""


class Compared(Costs):
    """One run: its figures on the common test photos, and its costs."""

    name: Text
    accuracy: Share
    accuracy_ci95: Span
    macro_f1: Share
    log_loss: float
    ece: Share


class Change(Document):
    """A difference to the first run, with its paired 95 % interval; above 0 means more."""

    difference: float
    ci95: tuple[float, float]


class ClassChange(Change):
    """The difference in one class's recall."""

    n: Count
    gained: Count
    """Photos that only this run got right."""
    lost: Count
    """Photos that only the first run got right."""
    p: Share
    clear: bool
    """The change would be rare by chance even among so many classes."""


class Difference(Document):
    """One run against the first."""

    name: Text
    against: Text
    accuracy: Change
    macro_f1: Change
    log_loss: Change
    only_first: Count
    """Photos that only the first run got right."""
    only_this: Count
    p: Share
    """Exact McNemar test."""
    chance: bool
    """The difference could be chance."""
    verdict: Text
    """In words."""
    per_class: dict[str, ClassChange]


class Said(Document):
    """What one run said of a photo."""

    predicted: Text
    confidence: Share


class Disagreement(Document):
    """A test photo that some of the runs got right and others did not."""

    path: Text
    """Relative to the dataset's root."""
    label: Text
    said: tuple[Said, ...]
    """By each run, in order."""


class Comparison(Document):
    """Runs held against the first of them."""

    n: Count
    """Test photos."""
    classes: tuple[str, ...]
    test_opened: Count
    warning: Text
    runs: tuple[Compared, ...]
    differences: tuple[Difference, ...]
    """One for each run but the first."""
    disagreed: Count = 0
    """Photos that some of the runs got right and others did not."""
    disagreements: tuple[Disagreement, ...] = ()
    """Of those the ones on which the runs were surest of different things."""

    def __repr__(self) -> str:
        said = "; ".join(difference.verdict for difference in self.differences)
        return f"Comparison({self.n:,} test photos: {said})"

    def _repr_html_(self) -> str:
        """What a notebook shows: each run's figures, and the verdict on each difference."""
        rows = [
            [
                run.name,
                f"{percent(run.accuracy)} ({span(run.accuracy_ci95)})",
                percent(run.macro_f1),
                f"{run.log_loss:.3f}",
            ]
            for run in self.runs
        ]
        said = [difference.verdict for difference in self.differences]
        warned = self.warning and f"Note: {self.warning}"
        shown = html.lines(f"On the same {self.n:,} test photos", *said, warned)
        return shown + html.table(["run", "accuracy", "macro F1", "log loss"], rows)
