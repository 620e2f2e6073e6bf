"""What an interrupted run may be asked for when it goes on: more or fewer epochs, a time limit, another device."""

from __future__ import annotations

from typing import Any

from sightline.config import Config, build
from sightline.errors import UsageError
from sightline.models import engines
from sightline.models.network import Network
from sightline.runs.folder import RunFolder
from sightline.training import checkpoint


def changed(config: Config, asked: dict[str, Any], run: RunFolder, network: Network) -> Config:
    """The choices with which `run` goes on.

    Args:
        config: those that it began with.
        asked: epochs (of the last phase that takes gradient steps), time_limit, device, workers; None: as before.
        run: the interrupted run.
        network: the network that it trains; the weights of its checkpoint are put into it.

    Returns:
        `config` with what was asked for; its `machine` is None where it must be settled for another device.

    Raises:
        UsageError: a value is out of range, or comes too late.
    """
    values = config.model_dump()
    typed = {}
    for name in ("time_limit", "workers", "device"):
        if asked.get(name) is not None:
            values[name] = asked[name]
            typed[name] = f"--{name.replace('_', '-')} {asked[name]}"
    if (epochs := asked.get("epochs")) is not None:
        number = _phase(config, epochs)
        values["phases"][number]["epochs"] = epochs
        typed[f"phases.{number}.epochs"] = f"--epochs {epochs}"
    made = build(values, str(run.path / "config.yaml"), typed)
    if epochs is not None:
        _require_ahead(epochs, number, run, network)
    if asked.get("device") is None or config.machine is None:
        return made
    same = engines.device_of(made.device) == config.machine.device
    return made if same else made.model_copy(update={"machine": None})


def _phase(config: Config, epochs: int) -> int:
    """The place of the phase that --epochs is about."""
    if config.folds:
        raise UsageError(
            f"--epochs {epochs}: the folds of a run must all learn alike, so their epochs stay as they began."
        )
    numbers = [number for number, phase in enumerate(config.phases) if phase.solver == "gradient"]
    if not numbers:
        raise UsageError(f"--epochs {epochs}: this run only fits a head on features, which takes no epochs.")
    return numbers[-1]


def _require_ahead(epochs: int, number: int, run: RunFolder, network: Network) -> None:
    """Refuse a number of epochs that is behind the run already."""
    state = checkpoint.begin(run, network.module).state
    if state.phase > number or run.evaluation() is not None:
        raise UsageError(
            f"--epochs {epochs}: {run.path} has finished its epochs. Go on without --epochs, and then further with: "
            f"sightline train DATA --from {run.path}"
        )
    if state.phase == number and epochs < state.epoch:
        raise UsageError(f"--epochs {epochs}: {run.path} has learned for {state.epoch} already. Give that or more.")
