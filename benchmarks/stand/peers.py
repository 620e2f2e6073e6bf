"""The peers' scripts: which there are, where each one's own Python is, and running one phase of one."""

from __future__ import annotations

import functools
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stand import machine

SCRIPTS = Path(__file__).parents[1] / "peers"
SOURCE = Path(__file__).parents[2] / "src"


class Unusable(Exception):
    """A peer that cannot be installed or run here; the reason."""


@dataclass(frozen=True)
class Peer:
    """One script, as it describes itself."""

    short: str
    name: str
    script: Path
    phases: tuple[str, ...]
    pins: tuple[str, ...]
    about: str = ""


@functools.cache
def known() -> dict[str, Peer]:
    """Every peer by its short name, which is the first word of its file."""
    found = {}
    for script in sorted(SCRIPTS.glob("*_*.py")):
        command = [sys.executable, str(script), "--describe"]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        short = script.stem.partition("_")[0]
        found[short] = Peer(
            short, told["peer"], script, tuple(told["phases"]), tuple(told["dependencies"]), told["about"]
        )
    return found


def python(peer: Peer) -> str:
    """The Python of the environment that a script's header asks for, made by uv where it is not there yet.

    Raises:
        Unusable: it cannot be installed.
    """
    if not peer.pins:
        return sys.executable
    uv = shutil.which("uv", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))))
    if uv is None:
        raise Unusable("uv is not installed")
    made = subprocess.run(
        [uv, "sync", "--quiet", "--python", sys.executable, "--script", str(peer.script)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if made.returncode:
        raise Unusable(f"its environment cannot be made: {_last(made.stderr)}")
    find = [uv, "python", "find", "--script", str(peer.script)]
    return subprocess.run(find, check=True, capture_output=True, text=True).stdout.strip()


def run(peer: Peer, interpreter: str, arguments: dict[str, Any], log: Path, limit: float) -> dict[str, Any]:
    """One phase of a peer in a process of its own; -> its line, and the share of the machine that others used.

    Args:
        peer: whose script.
        interpreter: its Python.
        arguments: the script's flags, without dashes.
        log: where everything that it prints goes.
        limit: seconds, after which it is stopped.

    Raises:
        Unusable: it fails or takes too long.
    """
    flags = [text for name, value in arguments.items() for text in (f"--{name}", str(value))]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if not peer.pins:
        environment["PYTHONPATH"] = str(SOURCE)
    log.parent.mkdir(parents=True, exist_ok=True)
    before, own, started = machine.counters(), _children(), time.monotonic()
    with open(log, "w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [interpreter, str(peer.script), *flags],
            stdout=subprocess.PIPE, stderr=errors, text=True, env=environment, start_new_session=True,
        )  # fmt: skip
        try:
            stdout, _ = process.communicate(timeout=max(limit, 0.0))
        except subprocess.TimeoutExpired:
            raise Unusable(f"stopped after {time.monotonic() - started:.0f} s") from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
    others = machine.share(before, machine.counters(), _children() - own)
    if process.returncode or not stdout.strip():
        raise Unusable(_last(log.read_text(encoding="utf-8", errors="replace")) or f"exit code {process.returncode}")
    return {**json.loads(stdout.splitlines()[-1]), "others": round(others, 3)}


def _children() -> float:
    """Processor seconds of all processes that we started and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""
