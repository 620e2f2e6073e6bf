"""How fast the site answers, and what it does at ten times its capacity.

    python benchmarks/serve.py [--run RUN] [--seconds 10] [--overload 60] [--out benchmarks/serve.md]

Starts the site twice on a port of its own, with batching and without, and asks it from this machine: 1, 8 and 32
clients, each sending photos one after another over a kept connection. The two sites take turns within one run of this
script, so that whatever else the machine does falls on both. Then the batching one is asked for a minute at ten times
the rate that it reached: only 200 and 503 are allowed, every 200 is checked against what the model says of that photo
alone, and /live is asked all the while. The clients are processes of their own, so that none waits for another's
Python.

Without --run a small network is trained on drawn scenes first. Writes the tables to --out, and all figures beside it as
JSON; ends with 1 if the site did anything under overload that it must not do.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import platform
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

BOUNDARY = "sightline-benchmark"
PROCESSES = 4  # that many clients or more are shared out among as many processes


@dataclass
class Tally:
    """What one client, or all of them, saw."""

    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    mixed_up: int = 0
    reconnected: int = 0

    def add(self, other: Tally) -> None:
        """Take in what another saw."""
        self.seconds += other.seconds
        self.mixed_up += other.mixed_up
        self.reconnected += other.reconnected
        for status, count in other.statuses.items():
            self.statuses[status] = self.statuses.get(status, 0) + count


class Site:
    """`sightline serve`, started and stopped."""

    def __init__(self, runs: Path, state: Path, batching: bool) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        environment = {**os.environ, "SIGHTLINE_BATCHING": str(int(batching)), "SIGHTLINE_STATE": str(state)}
        command = [sys.executable, "-m", "sightline", "serve", str(runs), "--port", str(self.port)]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait(self, photo: bytes) -> None:
        """Until it answers, and has loaded its model."""
        while True:
            if self.process.poll() is not None:
                raise SystemExit("the site did not start")
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/live", timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        status, _ = post(http.client.HTTPConnection("127.0.0.1", self.port, timeout=300), photo)
        assert status == 200, status

    def stop(self) -> None:
        """As a supervisor does."""
        self.process.terminate()
        self.process.wait(60)


def body(photo: bytes) -> bytes:
    """The form that a browser would send."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'.encode()
    return head + photo + f"\r\n--{BOUNDARY}--\r\n".encode()


def post(connection: http.client.HTTPConnection, photo: bytes) -> tuple[int, dict[str, Any]]:
    """Ask about one photo: status and answer."""
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    connection.request("POST", "/api/v1/predict", body(photo), headers)
    response = connection.getresponse()
    text = response.read()
    return response.status, json.loads(text) if text else {}


def right(found: dict[str, Any], expected: dict[str, float]) -> bool:
    """Whether an answer is that photo's own."""
    said = found["prediction"]["probabilities"]
    return all(abs(said[name] - p) < 2e-2 for name, p in expected.items())


def client(
    port: int, photos: list[bytes], expected: list[dict[str, float]], until: float, pause: float, seed: int
) -> Tally:
    """Ask until the time is over; `pause` seconds at least from one question to the next."""
    rng, seen = np.random.default_rng(seed), Tally()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while time.monotonic() < until:
        which = int(rng.integers(len(photos)))
        began = time.monotonic()
        try:
            kept = connection.sock is not None
            try:
                status, found = post(connection, photos[which])
            except (http.client.RemoteDisconnected, ConnectionError):
                # A server may close a kept connection just when the next question is on its way; clients ask again.
                connection.close()
                if not kept:
                    raise
                seen.reconnected += 1
                status, found = post(connection, photos[which])
        except (OSError, http.client.HTTPException):
            connection.close()
            status, found = 0, {}
        seen.statuses[status] = seen.statuses.get(status, 0) + 1
        if status == 200:
            seen.seconds.append(time.monotonic() - began)
            seen.mixed_up += not right(found, expected[which])
        time.sleep(max(0.0, pause - (time.monotonic() - began)))
    return seen


def crowd(
    port: int, photos: list[bytes], expected: list[dict[str, float]], seeds: list[int], seconds: float, pause: float
) -> Tally:
    """The clients of one process, a thread for each."""
    whole, lock, until = Tally(), threading.Lock(), time.monotonic() + seconds

    def one(seed: int) -> None:
        seen = client(port, photos, expected, until, pause, seed)
        with lock:
            whole.add(seen)

    threads = [threading.Thread(target=one, args=(seed,)) for seed in seeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return whole


class Visitors:
    """Many clients at once, in processes that are there before the clock runs."""

    def __init__(self, photos: list[bytes], expected: list[dict[str, float]]) -> None:
        self.photos, self.expected = photos, expected
        self.pool = ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn"))
        list(self.pool.map(time.sleep, [0.5] * PROCESSES))

    def ask(self, site: Site, clients: int, seconds: float, rate: float = 0) -> Tally:
        """`rate` requests a second between all clients, or as fast as each is answered."""
        whole, pause = Tally(), clients / rate if rate else 0.0
        shares = [list(range(clients))[first::PROCESSES] for first in range(min(PROCESSES, clients))]
        asked = [
            self.pool.submit(crowd, site.port, self.photos, self.expected, share, seconds, pause) for share in shares
        ]
        for part in asked:
            whole.add(part.result())
        return whole


def watch_live(port: int, until: float, seconds: list[float]) -> None:
    """Ask /live ten times a second, and note how long it took."""
    while time.monotonic() < until:
        began = time.monotonic()
        urllib.request.urlopen(f"http://127.0.0.1:{port}/live", timeout=30).close()
        seconds.append(time.monotonic() - began)
        time.sleep(0.1)


def figures(tally: Tally, seconds: float) -> dict[str, Any]:
    """What is reported of a tally."""
    times = np.array(tally.seconds or [float("nan")]) * 1000
    return {
        "answered_per_second": round(len(tally.seconds) / seconds, 1),
        "p50_ms": round(float(np.quantile(times, 0.5)), 1),
        "p95_ms": round(float(np.quantile(times, 0.95)), 1),
        "statuses": {str(status): count for status, count in sorted(tally.statuses.items())},
        "mixed_up": tally.mixed_up,
        "reconnected": tally.reconnected,
    }


def main() -> None:
    """See the top."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--run", type=Path)
    parse.add_argument("--seconds", type=float, default=10)
    parse.add_argument("--overload", type=float, default=60)
    parse.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    options = parse.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        run = options.run or train(work)
        from sightline.predictor import Predictor
        from sightline.runs.folder import RunFolder

        known = RunFolder(run)
        every = known.samples()["path"]
        paths = [known.known_dataset().folder / path for path in every.iloc[:: max(1, len(every) // 40)]]
        table = Predictor.load(run, "cpu").predict(paths)
        photos = [path.read_bytes() for path in paths]
        classes = known.known_dataset().classes
        expected = [{name: row[f"p_{name}"] for name in classes} for row in table.to_dict("records")]
        sites = {name: Site(run, work / name, name == "batching") for name in ("batching", "one by one")}
        found: dict[str, Any] = {
            "machine": machine(),
            "network": known.config().model,
            "pixels": known.config().img_size,
            "photo_bytes": int(np.mean([len(photo) for photo in photos])),
            "seconds": options.seconds,
            "overload_seconds": options.overload,
        }
        visitors = Visitors(photos, expected)
        try:
            for site in sites.values():
                site.wait(photos[0])
            for clients in (1, 8, 32):
                for turn in range(2):  # there and back, so that neither always goes first
                    for name in list(sites)[:: 1 if turn == 0 else -1]:
                        tally = visitors.ask(sites[name], clients, options.seconds / 2)
                        kept = found.setdefault(name, {}).setdefault(str(clients), Tally())
                        kept.add(tally)
                for name in sites:
                    found[name][str(clients)] = figures(found[name][str(clients)], options.seconds)
                    print(f"{name}, {clients} clients: {found[name][str(clients)]}", flush=True)
            capacity = max(each["answered_per_second"] for each in found["batching"].values())
            live: list[float] = []
            until = time.monotonic() + options.overload
            watcher = threading.Thread(target=watch_live, args=(sites["batching"].port, until, live))
            watcher.start()
            tally = visitors.ask(sites["batching"], 200, options.overload, 10 * capacity)
            watcher.join()
            found["overload"] = figures(tally, options.overload) | {
                "asked_per_second": round(sum(tally.statuses.values()) / options.overload, 1),
                "of_capacity": round(sum(tally.statuses.values()) / options.overload / capacity, 1),
                "live_p95_ms": round(1000 * float(np.quantile(live, 0.95)), 1),
                "live_worst_ms": round(1000 * max(live), 1),
            }
            print(f"overload: {found['overload']}", flush=True)
        finally:
            visitors.pool.shutdown()
            for site in sites.values():
                site.stop()
    options.out.with_suffix(".json").write_text(json.dumps(found, indent=2) + "\n")
    options.out.write_text(tables(found))
    print(options.out.read_text())
    if broken(found["overload"]):
        raise SystemExit(1)


def broken(overload: dict[str, Any]) -> bool:
    """Whether the site did what it must not do when it was asked too much."""
    return bool(set(overload["statuses"]) - {"200", "503"} or overload["mixed_up"] or overload["live_p95_ms"] >= 100)


def tables(found: dict[str, Any]) -> str:
    """What was measured, as benchmarks/serve.md."""
    lines = [
        "# How fast the site answers",
        "",
        "    python benchmarks/serve.py",
        "",
        f"{found['network']} at {found['pixels']} pixels, photos of {found['photo_bytes'] / 1000:.0f} kB on average, "
        f"{found['seconds']:g} seconds for each figure. {found['machine']}.",
        "",
        "| clients | batching: photos/s | p50 ms | p95 ms | one by one: photos/s | p50 ms | p95 ms |",
        "|---|---|---|---|---|---|---|",
    ]
    for clients in found["batching"]:
        cells = [
            f"{found[name][clients][figure]:,.1f}"
            for name in ("batching", "one by one")
            for figure in ("answered_per_second", "p50_ms", "p95_ms")
        ]
        lines.append(f"| {clients} | {' | '.join(cells)} |")
    over = found["overload"]
    said = ", ".join(f"{count:,} × {status}" for status, count in over["statuses"].items())
    lines += [
        "",
        f"Asked {over['asked_per_second']:,.1f} times a second for {found['overload_seconds']:g} seconds, "
        f"{over['of_capacity']:g} times what it can do:",
        "",
        "| what | seen |",
        "|---|---|",
        f"| answers | {said} |",
        f"| photos/s | {over['answered_per_second']:,.1f} |",
        f"| answers that belong to another photo | {over['mixed_up']} |",
        f"| kept connections that were closed, and made anew | {over['reconnected']} |",
        f"| `/live`, p95 and worst | {over['live_p95_ms']:,.1f} ms, {over['live_worst_ms']:,.1f} ms |",
    ]
    return "\n".join(lines) + "\n"


def train(work: Path) -> Path:
    """A small run on drawn scenes."""
    import sightline
    from sightline.scenes.write import write_scenes

    write_scenes(work / "scenes", per_class=40, size=150)
    return sightline.train(
        work / "scenes", recipe="demo-scratch", out=work / "runs" / "scenes", epochs=2, img_size=64
    ).path


def machine() -> str:
    """What it was measured on."""
    name, info = platform.processor() or platform.machine(), Path("/proc/cpuinfo")
    if info.exists():
        models = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        name = models[0] if models else name
    return f"{name}, {os.cpu_count()} cores; clients and site share them"


if __name__ == "__main__":
    main()
