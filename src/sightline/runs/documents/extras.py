"""The other extra parts of a run: what it cost, why it answered as it did, what damage does to it, how folds fared."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from sightline.runs.documents.extra import Extra
from sightline.system.documents import Count, Document, Share, Text

Cosine = Annotated[float, Field(ge=-1.01, le=1.01)]
Span = tuple[Share, Share]
Difference = Annotated[float, Field(ge=-1, le=1)]


class Cost(Extra):
    """How large the network is, and how fast."""

    name: ClassVar[str] = "model"

    parameters: Count
    images_per_second: Annotated[float, Field(ge=0)] | None = None


class Neighbours(Extra):
    """The training photos that the model's familiarity remembers, in its order."""

    name: ClassVar[str] = "neighbours"

    paths: Annotated[tuple[Text, ...], Field(max_length=100_000)] = ()
    """Relative to the dataset's root."""
    labels: Annotated[tuple[Text, ...], Field(max_length=100_000)] = ()

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if len(self.paths) != len(self.labels):
            raise ValueError("paths and labels differ in number")
        return self


class Neighbour(Document):
    """A training photo that resembles another photo."""

    path: Text
    label: Text
    similarity: Cosine
    """The cosine of their features."""


class Explained(Document):
    """Why a photo was answered as it was."""

    path: Text
    heat: Annotated[tuple[Annotated[tuple[Share, ...], Field(max_length=512)], ...], Field(max_length=512)] = ()
    """Rows of a grid, 0-1: where signs of the class were seen."""
    neighbours: tuple[Neighbour, ...] = ()

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if len({len(row) for row in self.heat}) > 1:
            raise ValueError("the rows of heat differ in length")
        return self


class Explanations(Extra):
    """Reasons for the test photos that were most confidently wrong."""

    name: ClassVar[str] = "explanations"

    photos: tuple[Explained, ...]


class Damaged(Document):
    """Accuracy under one kind of damage at one strength."""

    change: Text
    strength: Text
    setting: float | None = None
    accuracy: Share
    accuracy_ci95: Span | None = None
    lost: Difference | None = None
    """Accuracy lost on the same photos."""
    lost_ci95: tuple[Difference, Difference] | None = None


class Robustness(Extra):
    """What blur, noise, compression, the dark and a crooked camera cost."""

    name: ClassVar[str] = "robustness"

    n: Count | None = None
    """Photos looked at."""
    clean: Share
    """Accuracy on them undamaged."""
    clean_ci95: Span | None = None
    rows: tuple[Damaged, ...]


class OnDecisions(Extra):
    """What the figure would be under the decisions taken on test photos."""

    name: ClassVar[str] = "decisions"

    sentence: Text


class Fold(Document):
    """How one fold fared on the photos held out."""

    fold: Count
    learned: Count
    """Photos learned from."""
    held_out: Count
    right: Count
    accuracy: Share
    accuracy_ci95: Span
    phase: Text
    epoch: Count
    """The one kept."""
    epochs: Count
    seconds: Annotated[float, Field(ge=0)]


class Folds(Extra):
    """What the folds of a cross-validation came to."""

    name: ClassVar[str] = "folds"

    accuracies: Annotated[tuple[Share, ...], Field(min_length=1)]
    mean: Share
    spread: Annotated[float, Field(ge=0)]
    """Standard deviation, n - 1 below."""
    ensemble: bool = False
    """Whether the networks stay together as the model."""
    folds: tuple[Fold, ...] = ()


class LearningRates(Extra):
    """What a range test saw: loss against learning rate."""

    name: ClassVar[str] = "lr_finder"

    lr: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(max_length=100_000)]
    loss: Annotated[tuple[float, ...], Field(max_length=100_000)]
    suggestion: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if len(self.lr) != len(self.loss):
            raise ValueError("lr and loss differ in number")
        return self
