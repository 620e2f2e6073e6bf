"""A quota for each client: so many photos a minute, with room for a burst of as many (a token bucket)."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

_CLIENTS = 10_000  # remembered at once; who is forgotten starts with a full bucket


class Quota:
    """Counts photos.

    Args:
        per_minute: photos a minute for each client; 0 is no limit.
        clock: seconds, ever growing.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = per_minute, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def spend(self, client: str, photos: int = 1) -> float:
        """Take from the client's quota.

        Returns:
            0 if there was enough; otherwise nothing was taken and this many seconds from now there will be. A request
            for more than a minute's worth needs a full bucket, and leaves a debt.
        """
        if not self._most:
            return 0.0
        with self._lock:
            now = self._clock()
            left, since = self._buckets.pop(client, (float(self._most), now))
            left = min(float(self._most), left + (now - since) * self._most / 60)
            needed = min(photos, self._most)
            enough = left >= needed
            self._buckets[client] = (left - photos if enough else left, now)
            if len(self._buckets) > _CLIENTS:
                self._buckets.popitem(last=False)
            return 0.0 if enough else (needed - left) * 60 / self._most
