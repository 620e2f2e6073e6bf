"""What the API sends and takes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import Field

Share = Annotated[float, Field(ge=0, le=1)]


class Problem(Schema):
    detail: str
    """One sentence that says what is wrong."""


class Neighbour(Schema):
    path: str
    label: str
    similarity: float


class Prediction(Schema):
    name: str = Field(description="The file's name, as it was sent.")
    predicted: str | None = Field(description="The likeliest class; null where the photo could not be read.")
    confidence: Share | None
    probabilities: dict[str, float] = Field(description="Calibrated; they sum to 1.")
    set: list[str] = Field(description="The classes that the promised coverage leaves.")
    familiar: bool | None = Field(description="Whether the photo is like the training photos.")
    decision: Literal["answer", "unsure", "unfamiliar"] | None
    neighbours: list[Neighbour] = Field(
        description="The nearest training photos, where the dataset is open to the asker."
    )
    error: str = Field(description="Why there is no answer; empty otherwise.")


class One(Schema):
    run: str
    prediction: Prediction


class Many(Schema):
    run: str
    predictions: list[Prediction] = Field(description="In the order of the files.")


class RunOut(Schema):
    name: str
    status: Literal["complete", "running", "interrupted", "failed", "damaged"]
    problem: str = Field(description="Of a damaged run: which file is wrong, and how; empty otherwise.")
    dataset: str
    model: str
    size: int | None
    accuracy: Share | None
    low: Share | None = Field(description="Lower end of the 95 % interval of the accuracy.")
    high: Share | None
    macro_f1: Share | None
    ece: Share | None
    test_photos: int | None
    opened: int | None = Field(description="How often this test set has been looked at.")
    parameters: int | None
    speed: float | None = Field(description="Photos a second in training.")
    seconds: float | None
    date: datetime
    epochs: int


class FindingOut(Schema):
    path: str
    check: str
    score: Share
    flagged: bool
    label: str
    suggested_label: str
    twin: str
    detail: str


class Findings(Schema):
    total: int
    findings: list[FindingOut]


class ItemOut(Schema):
    id: int
    path: str
    kind: str
    score: float
    label: str
    suggested: str
    reasons: list[dict[str, str | float | None]]


class DecisionIn(Schema):
    decision: Literal["keep", "relabel", "drop"]
    label: str = Field("", max_length=255, description="The new label, for relabel.")


class DecisionOut(Schema):
    id: int
    path: str
    decision: str
    label: str
    user: str
    when: datetime
    undone: datetime | None


class Decisions(Schema):
    decisions: list[DecisionOut]
    next: int | None = Field(description="Give this as `before` to get the next ones.")


class Standing(Schema):
    items: int
    decided: int
    left: int
    kept: int
    relabelled: int
    dropped: int
    disputed: int
    seen_twice: int
    same_twice: int


class Health(Schema):
    live: bool
    ready: bool
    inside: int = Field(description="Photos let in and not answered yet.")
    room: int = Field(description="Photos that are let in at most.")
    loaded: list[str] = Field(description="Runs whose models are in memory.")
