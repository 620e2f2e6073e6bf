"""A recipe, with what a person asks for laid over it -> every choice of a run.

A run starts from a recipe (one of the YAML files beside this one, or a file of yours), and flags win over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from sightline.config import Config, build
from sightline.errors import UsageError
from sightline.recipes.document import read
from sightline.recipes.unread import require_read

FLAGS = (
    "images", "decisions", "per_class", "split_seed", "continues", "folds", "ensemble", "model", "weights", "scratch",
    "img_size", "fit", "batch_size", "patience", "seed", "time_limit", "tta", "device", "workers", "epochs", "lr",
    "freeze_epochs", "positive", "sensitivity",
)  # fmt: skip
"""The options that `sightline train` takes as flags; the rest go by --set."""
_PATHS = ("data", "images", "weights", "continues", "decisions")
_MACHINES_OWN = {"device", "batch_size", "img_size", "model", "weights", "time_limit"}  # what a machine was settled for


def names() -> list[str]:
    """The recipes that come with Sightline, sorted."""
    folder = resources.files("sightline.recipes")
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def text(name: str) -> str:
    """A shipped recipe as it stands, header and all.

    Raises:
        UsageError: no recipe has this name.
    """
    if name not in names():
        near = get_close_matches(name, names(), n=1)
        meant = f"Did you mean {near[0]}? " if near else ""
        raise UsageError(f"--recipe {name}: no such recipe or file. {meant}Shipped: {', '.join(names())}.")
    return (resources.files("sightline.recipes") / f"{name}.yaml").read_text(encoding="utf-8")


def values(name_or_path: str) -> dict[str, Any]:
    """The values of a shipped recipe, or of a recipe file (a RUN/config.yaml is one too)."""
    if name_or_path not in names() and (name_or_path.endswith((".yaml", ".yml")) or _exists(name_or_path)):
        return read(name_or_path)
    shipped: dict[str, Any] = yaml.safe_load(text(name_or_path))
    return shipped


def _absolute(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options in which paths are whole, so that they hold wherever the run is gone on with.

    Args:
        options: option name -> value. A path, and a text that is the name of something on disk, of an option that may
            be a path, becomes an absolute path; everything else stays.
    """
    whole = dict(options)
    for name in _PATHS:
        value = whole.get(name)
        if isinstance(value, Path) or (isinstance(value, str) and value.strip() and _exists(value)):
            whole[name] = str(Path(value).resolve())
    return whole


def _exists(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # too long for a path, or with a NUL in it
        return False


def resolve(
    recipe_name: str = "default",
    flags: dict[str, Any] | None = None,
    assignments: list[str] | None = None,
    *,
    epochs: int | None = None,
    lr: float | None = None,
    freeze_epochs: int | None = None,
) -> Config:
    """A recipe, with flags laid over it.

    Args:
        recipe_name: a shipped recipe or a file.
        flags: option name -> value; None means not given. Paths are made absolute, for they go into config.yaml.
        assignments: `key=value` texts of --set; dots reach into phases (`phases.1.lr=3e-4`); values are YAML.
        epochs: epochs of the last gradient phase.
        lr: peak learning rate of the last gradient phase.
        freeze_epochs: gradient epochs of the head alone before everything is tuned; 0 leaves that phase out.

    Raises:
        UsageError: anything unknown, out of range or in conflict.
    """
    chosen = values(recipe_name)
    given = _absolute({key: value for key, value in (flags or {}).items() if value is not None})
    chosen.update(given)
    asked = {key: _as_typed(key, value) for key, value in given.items()}
    # One flag can overrule a choice of the recipe that it excludes; two flags that exclude each other stay an error.
    if given.get("weights") or given.get("continues"):
        chosen["scratch"] = given.get("scratch", False)
    named = {text.partition("=")[0].strip() for text in assignments or []}
    if _MACHINES_OWN & {*given, *named} and not any(name.startswith("machine") for name in (*given, *named)):
        chosen["machine"] = None  # it was settled for other choices
    phases = [dict(phase) for phase in chosen.get("phases") or [{}]]
    if given.get("scratch"):
        phases = [phase for phase in phases if phase.get("solver") != "lbfgs"] or [{}]
    if freeze_epochs is not None:
        phases = _with_frozen_phase(phases, freeze_epochs)
    for name, value in (("epochs", epochs), ("lr", lr)):
        if value is not None:
            gradient = [phase for phase in phases if phase.get("solver") != "lbfgs"]
            if not gradient:
                raise UsageError(
                    f"--{name}: recipe {recipe_name} only fits a head on features; choose another --recipe."
                )
            gradient[-1][name] = value
            asked[f"phases.{phases.index(gradient[-1])}.{name}"] = _as_typed(name, value)
    chosen["phases"] = phases
    for assignment in assignments or []:
        _assign(chosen, assignment)
        asked[assignment.partition("=")[0].strip()] = f"--set {assignment}"
    chosen.update(_absolute({name: chosen[name] for name in named & set(_PATHS) if name in chosen}))
    made = build(chosen, f"recipe {recipe_name}", asked)
    require_read(made, asked)
    return made


def _as_typed(name: str, value: Any) -> str:
    """How a person gave an option: --batch-size 1, or batch_size=1 of one that is no flag."""
    if name not in FLAGS:
        return f"{name}={value}"
    return flag(name) if value is True else f"{flag(name)} {value}"


def flag(name: str) -> str:
    """The flag of an option: --batch-size of batch_size."""
    return "--from" if name == "continues" else "--" + name.replace("_", "-")


def _with_frozen_phase(phases: list[dict[str, Any]], epochs: int) -> list[dict[str, Any]]:
    rest = phases[1:] if phases[0].get("train") == "head" and len(phases) > 1 else phases
    if epochs == 0:
        return rest
    frozen = {"name": "head", "train": "head", "epochs": epochs}
    first = phases[0]
    if first.get("train") == "head" and first.get("solver") != "lbfgs":
        frozen = {**first, "epochs": epochs}
    return [frozen, *rest]


def _assign(values: dict[str, Any], assignment: str) -> None:
    key, equals, text = assignment.partition("=")
    if not equals or not key:
        raise UsageError(f"--set {assignment}: write it as key=value, for example --set augment=none.")
    target: Any = values
    *path, last = key.strip().split(".")
    try:
        value = yaml.safe_load(text)  # `1e-3` stays text here; the typed field turns it into a number
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"--set {assignment}: what follows the = is no YAML; put quotes around a text.") from error
    try:
        for part in path:
            target = target[int(part)] if isinstance(target, list) else target[part]
        target[int(last) if isinstance(target, list) else last] = value
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise UsageError(
            f"--set {assignment}: {key} leads nowhere. See `sightline recipes NAME` for what can be set."
        ) from error
