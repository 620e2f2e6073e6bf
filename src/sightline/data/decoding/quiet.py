"""Silence for Pillow's warnings about damaged metadata while a picture is decoded, safe with threads.

`warnings.catch_warnings` saves and restores one list for the whole process: two threads that enter and leave it
crosswise leave the wrong filters behind for good. Here the first thread in sets the filter, the last one out removes
it, and other modules' warnings stay as they were.
"""

from __future__ import annotations

import threading
import warnings

_MODULES = r"PIL\b|pillow_heif\b|sightline\.data\.(decode|convert)\b"


class _Quiet:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._saved = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._saved = warnings.catch_warnings()
                self._saved.__enter__()
                warnings.filterwarnings("ignore", module=_MODULES)
            self._inside += 1

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._saved.__exit__(None, None, None)


quiet = _Quiet()
"""`with quiet:` drops, in every thread, the warnings that Pillow and its plugins give until the block ends."""
