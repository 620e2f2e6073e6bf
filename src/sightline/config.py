"""Every choice of a training run, typed and checked when built. A recipe is the same thing as YAML.

`sightline.recipes` makes one from a recipe and what was asked for. It is written to RUN/config.yaml before anything
else, so that the run can be repeated or resumed exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from sightline.errors import UsageError

SIZES = (16, 2048)
"""The sides in pixels that photos are brought to, from and to."""
Fit = Literal["crop", "pad", "squash"]
CoverageBy = Literal["all", "class"]
Seed = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Schedule = Literal["constant", "one-cycle", "cosine", "cyclical", "step-decay"]


def _seconds(value: Any) -> Any:
    """90s, 10m, 1.5h or plain seconds -> seconds."""
    if not isinstance(value, str):
        return value
    try:
        seconds = float(value[:-1]) * {"s": 1, "m": 60, "h": 3600}[value[-1]] if value[-1:] in "smh" else float(value)
    except (ValueError, KeyError):
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ValueError("write it as 90s, 10m or 1.5h")
    return seconds


class Options(BaseModel):
    """A group of options: unknown names are refused, so that a typing error never passes in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Phase(Options):
    """One stretch of training: what learns, for how long, how fast."""

    name: str = "tune"
    """What metrics.csv and the report call it."""
    train: str | list[str] = "all"
    """What learns: `all`, `head`, `last:N` or `last:N%` (layers with weights), or regular expressions on names."""
    solver: Literal["gradient", "lbfgs"] = "gradient"
    """`lbfgs` fits a linear head on frozen features in one go: a logistic regression, its strength chosen on val."""
    epochs: Annotated[int, Field(ge=0)] = 4
    """Passes over the training photos."""
    lr: Annotated[float, Field(gt=0)] = 1e-3
    """The peak learning rate, of the head and the last layers."""
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Each earlier group of layers learns at this fraction of the rate of the group after it (ELECTRA, BEiT)."""
    schedule: Schedule = "one-cycle"
    """How the rate moves from step to step."""
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.25
    """one-cycle and cosine: the share of the steps that climbs to the peak. cyclical: unused."""
    decay: Annotated[float, Field(ge=0)] = 0.0
    """step-decay: lr / (1 + decay · step)."""
    cycle_epochs: Annotated[float, Field(gt=0)] = 2.0
    """cyclical: epochs from one trough to the next (triangular, Smith 2017)."""
    lr_min: Annotated[float, Field(ge=0, lt=1)] = 0.01
    """The lowest rate, as a fraction of the peak."""
    views: Annotated[int, Field(ge=0, le=1000)] = 0
    """Where early layers are frozen: so many augmented views of each photo are kept as those layers see them, and the
    epochs learn from them in turn; 0: every epoch has new ones."""

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.solver == "lbfgs" and self.train != "head":
            raise ValueError("solver: lbfgs fits the head alone; set train: head")
        return self


class Machine(Options):
    """What the run was tuned to on its machine. A repeat uses it as it stands, so that the weights are the same."""

    device: str
    """cpu, cuda or mps."""
    precision: Literal["float32", "bfloat16"]
    """In which the network computes."""
    channels_last: bool
    """The layout of photos in memory."""
    engine: str
    """What runs the network where nothing is learned."""
    threads: Annotated[int, Field(ge=1, le=4096)]
    """Of torch."""
    evaluation_batch: Annotated[int, Field(ge=1, le=4096)]
    """Photos predicted at a time."""
    frozen: str = ""
    """What runs the frozen layers while later ones learn; empty: the training step itself."""
    frozen_batch: Annotated[int, Field(ge=1, le=4096)] = 16
    """Photos at a time in it."""


class Config(Options):
    """Every choice of a training run. Also the form of a recipe."""

    # The data
    data: str | None = None
    """A folder, manifest, archive, a name from `sightline datasets`, or hf:owner/name."""
    images: str | None = None
    """The folder that the paths of a manifest are relative to; None: its own, or the one in it that holds them."""
    decisions: str | None = None
    """A decisions.csv from `sightline audit` or the review page; applied without touching the data."""
    per_class: Annotated[int, Field(ge=2)] | None = None
    """Take this many photos of each class for training and validation, and leave the rest for test."""
    split_seed: Seed = 0
    """Moves the split, and nothing else."""
    continues: str | None = None
    """An earlier run: start from its weights and keep each of its photos in its old split (--from)."""

    folds: Annotated[int, Field(ge=2)] | None = None
    """Train this many times, each time holding out another part of the photos outside test (cross-validation)."""
    ensemble: bool = False
    """Keep the networks of the folds as the run's model, which answers with their mean; no other network is trained."""

    # The network
    model: str | None = None
    """A timm classification model, or one of our own; None: what --weights holds, else tf_efficientnet_lite0."""
    weights: str | None = None
    """A file or a timm local folder with pretrained weights; None: the box, else the hub's cache, else the hub."""
    scratch: bool = False
    """Start from random weights."""
    head: Literal["linear", "dense", "regularised"] = "linear"
    """The layers that are new: pooled features to classes, a dense one, or one with norms, dropout and L2."""
    drop_rate: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Dropout before the last layer."""
    img_size: Annotated[int, Field(ge=SIZES[0], le=SIZES[1])] | None = None
    """Pixels on a side; None: what the network was pretrained at; from scratch, the photos' own size up to 150."""
    fit: Fit | None = None
    """How photos become square: `crop` takes the middle, `pad` the whole with borders, `squash` the whole squeezed;
    None: crop, or as the run of --from did."""

    # Training
    phases: Annotated[list[Phase], Field(min_length=1)] = [Phase()]
    """Stretches of training, one after the other."""
    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    """Of all gradient phases."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """sgd: its momentum."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.02
    """Of weights; norms and biases are spared."""
    batch_size: Annotated[int, Field(ge=2)] = 32
    """Photos in one step."""
    augment: str | dict[str, Any] = "light"
    """A preset (`sightline explore --augment` shows it), or a mapping of operations."""
    mixup: Annotated[float, Field(ge=0)] = 0.0
    """Mix pairs of photos and their labels: alpha of the beta distribution; 0: not at all."""
    cutmix: Annotated[float, Field(ge=0)] = 0.0
    """Put a piece of one photo into another, and mix their labels likewise: alpha; 0: not at all."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """The share of each label that is spread over all classes."""
    class_weights: Literal["none", "balanced"] = "none"
    """`balanced`: mistakes on rare classes cost more."""
    sampling: Literal["natural", "balanced"] = "natural"
    """`balanced`: every class is seen equally often."""
    clip_norm: Annotated[float, Field(ge=0)] = 0.0
    """The largest norm of all gradients together; 0: any."""
    clip_value: Annotated[float, Field(ge=0)] = 0.0
    """The largest value of a gradient; 0: any."""
    freeze_norm: bool = False
    """Leave batch-norm statistics as pretrained throughout, not only in frozen layers."""
    patience: Annotated[int, Field(ge=0)] = 0
    """Stop a phase after this many epochs without a better val accuracy; 0: never."""
    seed: Seed = 0
    """Moves the order of the photos, the augmentations and the random weights, never the split."""
    time_limit: Annotated[Annotated[float, Field(gt=0)] | None, BeforeValidator(_seconds)] = None
    """Seconds, or 10m, for the whole run, its folds included; epochs and image size are planned to fit."""

    # The result
    tta: Literal["none", "flip"] = "none"
    """`flip`: average the answers for a photo and its mirror image, in evaluation and in the model folder alike."""
    coverage: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """The share of answer sets that should hold the true class."""
    coverage_by: CoverageBy = "class"
    """Whether sets keep that share for the photos of each `class`, or on average over `all` photos (smaller sets)."""
    positive: str | None = None
    """Of two classes the one that is looked for, such as cancer; None: the one named so, else the rarer."""
    sensitivity: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Of two classes: the share of the positive one that a second threshold, chosen on val, should find."""
    robustness_seconds: Annotated[float, Field(ge=0)] = 10.0
    """About how long to try the test photos blurred, dark, noisy, crooked; 0: not at all."""
    keep_checkpoint: bool = False
    """Leave RUN/checkpoint when the run is complete."""

    # The machine
    device: str = "auto"
    """auto, cpu, cuda, mps."""
    workers: Annotated[int, Field(ge=0)] = 0
    """Processes that decode photos; 0: one for each core."""
    machine: Machine | None = None
    """Settled at the start of a run and written to its config.yaml; a recipe leaves it out."""

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.scratch and self.weights:
            raise ValueError("--scratch starts from random weights and --weights from given ones; choose one")
        if self.scratch and self.continues:
            raise ValueError("--scratch starts from random weights and --from from a run's; choose one")
        if self.ensemble and self.folds is None:
            raise ValueError("--ensemble keeps the networks of the folds; say how many with --folds, such as --folds 5")
        if self.folds is not None and self.continues:
            raise ValueError(
                "--folds holds out photos that the network of --from has already learned from; leave one of the two out"
            )
        if self.head != "linear" and any(phase.solver == "lbfgs" for phase in self.phases):
            raise ValueError(f"head: {self.head} cannot be fitted by lbfgs; use head: linear or a gradient phase")
        if self.scratch and self.phases[0].solver == "lbfgs":
            raise ValueError("a head fitted on random features is no start; with --scratch use a recipe without lbfgs")
        if self.class_weights == "balanced" and self.sampling == "balanced":
            raise ValueError("class_weights and sampling both balance the classes; choose one")
        return self

    @property
    def epochs(self) -> int:
        """Passes over the training photos, over all gradient phases."""
        return sum(phase.epochs for phase in self.phases if phase.solver == "gradient")

    @property
    def fits_head_only(self) -> bool:
        """No gradient step is taken: the backbone stays as it was pretrained."""
        return all(phase.solver == "lbfgs" for phase in self.phases)

    def to_yaml(self) -> str:
        """The choices as YAML that `read` takes back unchanged."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def build(values: dict[str, Any], origin: str, given: Mapping[str, str] | None = None) -> Config:
    """Check `values` and make a Config of them.

    Args:
        values: option -> value.
        origin: where they come from, such as "recipe default".
        given: option, with dots into phases -> how a person gave it ("--epochs -1"), which the message then names.

    Raises:
        UsageError: a name is unknown or a value out of range; says which, in `origin`.
    """
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part)[:60] for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        where = f"{origin}: {place}" if place else origin
        for part in range(len(first["loc"]), 0, -1):
            where = (given or {}).get(".".join(str(step) for step in first["loc"][:part]), where)
        if first["type"] == "missing":
            message = f"{place} is missing"
        if first["type"] == "extra_forbidden":
            message = f"there is no such option. {_meant(first['loc'])}"
        raise UsageError(f"{where}: {message if message.endswith(('.', '?')) else message + '.'}") from error


def _meant(place: tuple[int | str, ...]) -> str:
    """What a name that is unknown at `place` may have meant."""
    groups: dict[str, type[Options]] = {"phases": Phase, "machine": Machine}
    known = list(groups.get(str(place[0]), Config).model_fields)
    close = get_close_matches(str(place[-1]), known, n=1, cutoff=0.6)
    return f"Did you mean {close[0]}?" if close else f"Known: {', '.join(known)}."
