"""Workers never run the user's script again, and never start as a fork of a process with threads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sightline.system import processes

SCRIPT = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from sightline.system import processes

{before}

with open({log!r}, "a") as file:
    file.write("script\\n")

with ProcessPoolExecutor(2, mp_context=processes.context("json")) as pool:
    print(sorted(pool.map(abs, [-1, 2, -3])))
"""

STARTS = {
    "forkserver": "",
    "spawn": "multiprocessing.get_all_start_methods = lambda: ['spawn']",  # as where there is no fork
}


@pytest.mark.parametrize("as_module", [False, True])
@pytest.mark.parametrize("start", STARTS)
def test_a_script_without_the_main_line_runs_once(start: str, as_module: bool, tmp_path: Path) -> None:
    log = tmp_path / "log"
    (tmp_path / "script.py").write_text(SCRIPT.format(log=str(log), before=STARTS[start]))
    command = [sys.executable, *(["-m", "script"] if as_module else [str(tmp_path / "script.py")])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path)
    assert done.stdout == "[1, 2, 3]\n", done.stderr
    assert log.read_text() == "script\n"


@pytest.mark.parametrize(
    ("error", "short"),
    [
        (MemoryError(), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"), True),
        (ImportError("libtorch_cpu.so: failed to map segment from shared object"), True),
        (RuntimeError("can't start new thread"), True),
        (RuntimeError("could not create a primitive"), True),
        (SystemError("error return without exception set"), processes.limit_of_memory() != ""),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory, says a photo's name"), False),
    ],
)
def test_too_little_memory_is_told_from_other_errors(error: Exception, short: bool) -> None:
    assert processes.is_short_of_memory(error) is short
