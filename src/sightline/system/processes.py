"""Worker processes that start clean: never a fork of a process with threads, never a second run of the user's script.

Python's own `forkserver` and `spawn` import the main script again in every worker, so a script without
`if __name__ == "__main__"`, which no user of a two-line script should need, would start itself over and over. Our
workers only call functions of this package, so what Python tells a new process of the main script is left out.

joblib's loky keeps the script out too, but it starts every worker as a fresh Python that imports everything again. A
decoder that was killed over a bad photo must be replaced at once: here it is forked from a server that has imported
the decoders already.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.context
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import spawn
from typing import Any

_swap = threading.Lock()
_MEMORY_WORDS = ("can't allocate memory", "not enough memory", "out of memory", "bad_alloc", "failed to allocate")


def cores() -> int:
    """The processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def limit_of_memory() -> str:
    """In words what this process may use of memory, to be added to a message; "" where nothing limits it."""
    try:
        import resource
    except ImportError:  # Windows
        return ""
    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    return "" if most < 0 else f" This process may use {most / 1e9:.1f} GB of addresses (ulimit -v): raise that limit."


def context(*preload: str) -> Any:
    """How to start workers: for `ProcessPoolExecutor(mp_context=…)` and for Pebble's pool.

    Args:
        preload: modules that the workers need, imported once in the server that they are forked from.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return _SpawnContext()
    made = _ForkServerContext()
    made.set_forkserver_preload(list(preload))
    return made


def is_short_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, which torch and ONNX Runtime say in words of their own."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    said = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in said for words in _MEMORY_WORDS)


@contextmanager
def _no_main() -> Iterator[None]:
    """While a process is described to its starter, nothing is said of the main script."""
    with _swap:
        everything = spawn.get_preparation_data

        def without_main(name: str) -> dict[str, Any]:
            return {key: value for key, value in everything(name).items() if not key.startswith("init_main_from")}

        spawn.get_preparation_data = without_main
        try:
            yield
        finally:
            spawn.get_preparation_data = everything


class _ForkServerProcess(multiprocessing.context.ForkServerProcess):
    @staticmethod
    def _Popen(process_obj: Any) -> Any:
        with _no_main():
            return multiprocessing.context.ForkServerProcess._Popen(process_obj)


class _SpawnProcess(multiprocessing.context.SpawnProcess):
    @staticmethod
    def _Popen(process_obj: Any) -> Any:
        with _no_main():
            return multiprocessing.context.SpawnProcess._Popen(process_obj)


class _ForkServerContext(multiprocessing.context.ForkServerContext):
    Process = _ForkServerProcess


class _SpawnContext(multiprocessing.context.SpawnContext):
    Process = _SpawnProcess
