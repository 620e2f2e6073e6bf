"""Options that nothing reads beside the others that were chosen: refused where a person asks for one, not passed over.

A recipe may hold such values, as every recipe holds a momentum; asked for by a flag or --set they would be a promise.
"""

from __future__ import annotations

from collections.abc import Mapping

from sightline.config import Config, Phase
from sightline.errors import UsageError

_OF_STEPS = (
    "optimizer", "momentum", "weight_decay", "batch_size", "augment", "mixup", "cutmix", "label_smoothing", "sampling",
    "clip_norm", "clip_value", "freeze_norm", "patience", "drop_rate",
)  # fmt: skip
_OF_PHASES = {
    "warmup": ("one-cycle", "cosine"),
    "decay": ("step-decay",),
    "cycle_epochs": ("cyclical",),
    "lr_min": ("one-cycle", "cosine", "cyclical"),
}  # which schedules read it
_OF_GRADIENT = ("epochs", "lr", "layer_decay", "schedule", *_OF_PHASES)


def unread(config: Config) -> dict[str, str]:
    """Option, as --set names it -> why nothing reads it beside the others."""
    found: dict[str, str] = {}
    if config.optimizer != "sgd":
        found["momentum"] = "only the optimizer sgd reads it; add --set optimizer=sgd"
    if config.fits_head_only:
        why = "this recipe fits a head on features and takes no steps; choose another --recipe"
        found |= dict.fromkeys(_OF_STEPS, why)
    for number, phase in enumerate(config.phases):
        found |= {f"phases.{number}.{name}": why for name, why in _of_phase(phase).items()}
    return found


def _of_phase(phase: Phase) -> dict[str, str]:
    if phase.solver == "lbfgs":
        return dict.fromkeys(_OF_GRADIENT, "the solver of this phase, lbfgs, takes no steps")
    return {
        name: f"the schedule of this phase is {phase.schedule}; it is read by {' and '.join(schedules)}"
        for name, schedules in _OF_PHASES.items()
        if phase.schedule not in schedules
    }


def require_read(config: Config, asked: Mapping[str, str]) -> None:
    """Refuse what a person asked for and nothing would read.

    Args:
        config: every choice.
        asked: option, with dots into phases -> how it was given.

    Raises:
        UsageError: says how it was given, and why it would change nothing.
    """
    why = unread(config)
    for option, given in asked.items():
        if option in why and not _is_default(config, option):
            raise UsageError(f"{given}: would change nothing: {why[option]}.")


def _is_default(config: Config, option: str) -> bool:
    """Whether an option says what it says anyway."""
    *way, name = option.split(".")
    group = config.phases[int(way[1])] if way else config
    return bool(getattr(group, name) == type(group).model_fields[name].default)
