"""Ray, on this machine for as long as it is needed, or a cluster that is up already.

Nothing is told to anyone outside: Ray's usage statistics are off. Its own messages and bars stay silent; what a person
sees comes from Sightline.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sightline.errors import SightlineError, UsageError
from sightline.system.processes import cores
from sightline.system.progress import note

_PREFIX = "sightline-ray-"
_STARTS = 3  # Ray gives up after 30 seconds, which on a busy machine may be too few
_LEAST_STORE = 192 << 20  # bytes


@dataclass(frozen=True)
class Shape:
    """The workers of a job."""

    workers: int
    cores: int
    """Of each."""
    gpus: int
    """Of each."""


def require_ray() -> None:
    """Raise UsageError where Ray is not installed."""
    if find_spec("ray") is None:
        raise UsageError("--on ray: needs the extra: pip install 'sightline[scale]'.")


@contextmanager
def connected(address: str | None, store: int = 0) -> Iterator[Any]:
    """Yield the module `ray`, connected.

    Args:
        address: of a cluster, such as "auto" or "10.0.0.1:6379"; None: this machine, for as long as the block lasts.
        store: the bytes that workers are handed, for which there must be room in Ray's store.

    Raises:
        UsageError: Ray is not installed.
        SightlineError: the cluster cannot be reached, or is of another Ray or Python.
    """
    require_ray()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    with hushed():
        import ray

        if ray.is_initialized():  # by whoever calls Sightline: it is theirs
            _silence()
            yield ray
            return
        with _started(ray, address, store):
            _silence()
            yield ray


@contextmanager
def _started(ray: Any, address: str | None, store: int) -> Iterator[None]:
    silent: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL, "configure_logging": True}
    held = None
    if address is None:
        note(f"Starting Ray on this machine, with {cores()} cores …")
    for attempt in range(_STARTS if address is None else 1):
        try:
            with _unheard():
                if address is None:
                    held = _session()
                    here = {
                        "include_dashboard": False,
                        "_temp_dir": held,
                        "object_store_memory": _LEAST_STORE + 3 * store,
                    }
                    ray.init("local", num_cpus=cores(), **here, **silent)
                else:
                    ray.init(address, **silent)
            break
        except (Exception, SystemExit) as error:  # Ray raises what it likes, and leaves by the door in places
            _remove(held)
            if attempt == _STARTS - 1 or address is not None or "timed out" not in str(error):
                raise _refused(address, error) from error
            note("Ray did not start within its 30 seconds, most likely since this machine is busy. Trying again …")
    try:
        yield
    finally:
        ray.shutdown()
        _remove(held)


def shape(ray: Any, device: str, workers: int | None) -> Shape:
    """How many workers of how many cores a job has here: one a GPU, or one for each group of cores.

    Raises:
        UsageError: more workers are asked for than there are cores, or a GPU where the cluster has none.
    """
    there = ray.cluster_resources()
    cpus, gpus = int(there.get("CPU", 1)), int(there.get("GPU", 0))
    if device.startswith("cuda") and not gpus:
        raise UsageError(f"--device {device}: Ray knows of no GPU here. Use --device cpu or auto.")
    if device != "cpu" and gpus:
        count = min(workers or gpus, gpus)
        return Shape(count, max(1, cpus // count), 1)
    most = max(1, cpus)
    if workers is not None and not 1 <= workers <= most:
        raise UsageError(f"--workers {workers}: there are {most} cores; give 1 to {most}.")
    count = workers or most // (1 if most < 8 else 2)  # one copy of the model for two cores, where there are many
    return Shape(count, most // count, 0)


def _silence() -> None:
    from ray.data import DataContext

    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.enable_operator_progress_bars = False
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


@contextmanager
def hushed() -> Iterator[None]:
    """While Ray works: its warnings, which are about its own insides, are not shown."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"ray\b")
        yield


@contextmanager
def _unheard() -> Iterator[None]:
    """While Ray starts: what its C++ parts write straight to file descriptor 2 is not shown; errors are raised too."""
    sys.stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def _refused(address: str | None, error: BaseException) -> SightlineError:
    text = " ".join(str(error).split())
    if address is None:
        return SightlineError(f"--on ray: Ray cannot be started here ({text[:200]}).")
    python = ".".join(map(str, sys.version_info[:3]))
    if re.search(r"[Vv]ersion mismatch", text):
        ours = f"Python {python}, Ray {_version()}"
        return SightlineError(f"--ray-address {address}: the cluster has another Ray or Python than here ({ours}).")
    return SightlineError(f"--ray-address {address}: no Ray cluster answers there. Is it up, and the address right?")


def _version() -> str:
    from importlib.metadata import version

    return version("ray")


def _session() -> str:
    """A folder for Ray's session. Its name is short, since sockets lie in it; what the killed left is removed first."""
    root = Path("/tmp") if Path("/tmp").is_dir() else Path(tempfile.gettempdir())  # TMPDIR may be too long for a socket
    for left in root.glob(f"{_PREFIX}*"):
        owner = left.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not _lives(int(owner)):
            _remove(str(left))
    return tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=root)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _remove(folder: str | None) -> None:
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
