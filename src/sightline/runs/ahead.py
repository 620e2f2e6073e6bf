"""What can be known to be wrong before any work: said at once, by the name under which it was asked for."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sightline.checks.decisions import read_decisions
from sightline.config import Config
from sightline.data.augment.specs import spec_of
from sightline.errors import SightlineError, UsageError
from sightline.models import engines
from sightline.models.catalogue import require_known
from sightline.models.network import Network
from sightline.recipes import FLAGS
from sightline.runs.folder import RunFolder


def require_possible(config: Config) -> None:
    """Refuse options that name what is not there, before the data is opened.

    Raises:
        UsageError: no such network, weights, augmentation, device, earlier run or decisions.
        SightlineError: one of them is damaged.
    """
    spec_of(config.augment)
    engines.device_of(config.machine.device if config.machine else config.device)
    if config.model:
        require_known(config.model)
    if config.weights and not Path(config.weights).exists():
        raise UsageError(f"--weights {config.weights}: there is no such file or folder.")
    if config.continues:
        _require_run(Path(config.continues))
    if config.decisions:
        read_decisions(config.decisions)


def require_room(place: Path, network: Network, config: Config) -> None:
    """Refuse a disk that cannot hold what a training leaves at the least, before any of it is done.

    Args:
        place: the folder of the run.
        network: what will be trained.
        config: of the run.

    Raises:
        SightlineError: there is too little room for the weights and the checkpoint.
    """
    there = next(folder for folder in (place.absolute(), *place.absolute().parents) if folder.exists())
    models = config.folds if config.ensemble and config.folds else 1
    checkpoints = 0 if config.fits_head_only else 1  # which holds the weights, and more
    needed = (models + checkpoints) * sum(value.nbytes for value in network.module.state_dict().values())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise SightlineError(
            f"{place}: the disk has {free / 1e6:,.1f} MB free, and this training needs {needed / 1e6:,.1f} MB and more"
            " for its checkpoint and model. Free some space, then run the command again."
        )


@contextmanager
def as_asked(recipe: str, given: Collection[str]) -> Iterator[None]:
    """Where an error begins with a flag that nobody typed, say that it is the recipe that asks for it.

    Args:
        recipe: its name or file.
        given: the options that a person gave, flags and --set alike.
    """
    try:
        yield
    except SightlineError as error:
        named = re.match(r"--([a-z-]+)", str(error))
        option = {"from": "continues"}.get(named[1], named[1].replace("-", "_")) if named else ""
        if named is None or option not in FLAGS or option in given:
            raise
        raise type(error)(
            f"recipe {recipe} asks for {error}\nGive a {named[0]} of your own, or choose another --recipe."
        ) from error


def require_positive(positive: str | None, classes: Sequence[str]) -> None:
    """Refuse a --positive that is none of two classes, before anything is opened.

    Raises:
        UsageError: there is no such class, or there are not two.
    """
    if positive is None:
        return
    if len(classes) != 2:
        raise UsageError(f"--positive {positive}: is for two classes; here there are {len(classes):,}.")
    if positive not in classes:
        raise UsageError(f"--positive {positive}: there is no such class. Choose {' or '.join(classes)}.")


def require_sensitivity(sensitivity: float | None, classes: Sequence[str]) -> None:
    """Refuse a --sensitivity that is no share, or asked of other than two classes.

    Raises:
        UsageError: one of them.
    """
    if sensitivity is None:
        return
    if not 0 < sensitivity < 1:
        raise UsageError(f"--sensitivity {sensitivity:g}: is a share above 0 and below 1, such as 0.95.")
    if len(classes) != 2:
        raise UsageError(f"--sensitivity {sensitivity:g}: is for two classes; here there are {len(classes):,}.")


def _require_run(path: Path) -> None:
    """Refuse a --from that is no run with a trained model."""
    if not path.exists():
        raise UsageError(f"--from {path}: there is no such folder.")
    if (path / "sightline.json").is_file():
        raise UsageError(
            f"--from {path}: is a model folder, not a run, so nobody knows which photos it has learned from.\n"
            f"To start from its weights alone: --weights {path}"
        )
    if not (path / "config.yaml").is_file():
        raise UsageError(
            f"--from {path}: is not a run (it has no config.yaml). A run is what `sightline train` leaves."
        )
    if not (path / "model" / "sightline.json").is_file():
        raise UsageError(f"--from {RunFolder(path).incomplete}")
