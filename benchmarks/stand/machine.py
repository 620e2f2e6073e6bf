"""What this machine is, and how much of it others use: a figure taken beside a busy neighbour is none."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

QUIET = 0.1
"""The share of the processors that others may use before a measurement begins."""
UNDISTURBED = 0.05
"""The share that they may use while one runs, on average."""


def counters() -> tuple[float, float]:
    """Seconds since boot that all processors (worked, existed), from /proc/stat; stolen time counts as work."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    tick = os.sysconf("SC_CLK_TCK")
    idle = fields[3] + fields[4]
    return (sum(fields) - idle) / tick, sum(fields) / tick


def share(before: tuple[float, float], after: tuple[float, float], own: float = 0.0) -> float:
    """The share of the processors that others used between two readings; `own`: our own processor seconds."""
    worked, existed = after[0] - before[0], after[1] - before[1]
    return min(max((worked - own) / existed, 0.0), 1.0) if existed > 0 else 0.0


def busy(seconds: float = 4.0) -> float:
    """The share of the processors that somebody uses while we wait."""
    before = counters()
    time.sleep(seconds)
    return share(before, counters())


def facts() -> dict[str, str | int | float]:
    """Processor, cores, memory and system, as a table of results names them."""
    cpu = [line.partition(":")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    return {
        "processor": cpu[0].strip() if cpu else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
    }
