"""Measure Sightline and its peers side by side; writes RESULTS.md, results.svg and raw/NAME.json beside this file.

    python benchmarks/run.py PHOTOS --weights FOLDER              # everything, three rounds: hours
    python benchmarks/run.py PHOTOS --weights FOLDER --peers sightline,fastai,timm --phases head,predict \
        --photos 1500 --repeats 3 --time-limit 20m
    python benchmarks/run.py --report raw/NAME.json               # the page and the chart again

PHOTOS holds one folder for each class. FOLDER is a timm local folder; without it every network starts from random
values, and only speed counts. Peers: sightline and what lies in benchmarks/peers/, each in an environment of its own
that uv makes on first use (several GB). Each round asks all in turn; when the time is up, what was measured is kept.
A machine that others use is refused, or marked with --busy.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

from stand import chart, machine, results, schedule
from stand.peers import Peer, known

HERE = Path(__file__).parent
PHASES = ("train", "head", "predict", "one", "step")


def main(arguments: list[str] | None = None) -> int:
    """Measure as asked; -> the exit code, 2 where the machine is busy."""
    given = _arguments(arguments)
    if given.report:
        write(json.loads(given.report.read_text(encoding="utf-8")), given.out)
        return 0
    settings = schedule.Settings(
        given.photos_folder, given.weights, given.photos, given.predict_photos, given.phases, given.epochs,
        given.repeats, given.size, given.batch_size, given.threads, given.here,
    )  # fmt: skip
    if not given.busy and (share := machine.busy()) > machine.QUIET:
        say(f"The machine is busy: others use {share:.0%} of it. Wait, or mark the figures with --busy.")
        return 2
    deadline = time.monotonic() + given.time_limit
    raw = given.out / "raw" / f"{given.name}.json"
    write(schedule.measure(given.peers, settings, given.work, raw, deadline, say), given.out)
    say(f"{given.out / 'RESULTS.md'} and {given.out / 'results.svg'} are written.")
    return 0


def write(session: dict, out: Path) -> None:
    """The page and the chart of a session."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.svg").write_text(chart.svg(session), encoding="utf-8")
    page = results.markdown(session, "python benchmarks/run.py", "results.svg")
    (out / "RESULTS.md").write_text(page, encoding="utf-8")


def say(words: str) -> None:
    """A line for the person who waits."""
    print(words, file=sys.stderr, flush=True)


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    peers = known()

    def listed(text: str) -> list[str]:
        return [word.strip() for word in text.split(",") if word.strip()]

    def chosen(text: str) -> list[Peer]:
        names = listed(text)
        if unknown := [name for name in names if name not in peers]:
            raise argparse.ArgumentTypeError(f"no peer {unknown[0]!r}; there are {', '.join(peers)}")
        return [peers[name] for name in names]

    def phases(text: str) -> tuple[str, ...]:
        if unknown := [name for name in listed(text) if name not in PHASES]:
            raise argparse.ArgumentTypeError(f"no phase {unknown[0]!r}; there are {', '.join(PHASES)}")
        return tuple(listed(text))

    def duration(text: str) -> float:
        unit = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(text[-1:])
        return float(text[:-1]) * unit if unit else float(text)

    def folder(text: str) -> Path:
        if not Path(text).is_dir():
            raise argparse.ArgumentTypeError(f"{text}: is no folder")
        return Path(text).resolve()

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos_folder", metavar="PHOTOS", type=folder, nargs="?")
    parser.add_argument("--weights", type=folder)
    parser.add_argument("--peers", type=chosen, default=list(peers.values()), help=f"of {','.join(peers)}")
    parser.add_argument("--phases", type=phases, default=PHASES, help=f"of {','.join(PHASES)}")
    parser.add_argument("--photos", type=int, default=6000, help="how many, the same number of each class")
    parser.add_argument("--predict-photos", type=int, default=3000)
    parser.add_argument(
        "--epochs", type=lambda text: tuple(map(int, listed(text))), default=(3,), help="1,3,10: a curve"
    )
    parser.add_argument("--repeats", type=int, default=3, help="rounds")
    parser.add_argument("--size", type=int, default=224, help="pixels on a side")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--time-limit", type=duration, default=float("inf"), help="such as 20m")
    parser.add_argument("--busy", action="store_true", help="measure beside others, and mark the figures")
    parser.add_argument("--name", default=time.strftime("%Y-%m-%d"), help="of the raw file")
    parser.add_argument("--work", type=Path, default=Path("runs/bench"), help="for photos, models and logs")
    parser.add_argument("--out", type=Path, default=HERE, help="where RESULTS.md goes")
    parser.add_argument("--here", action="store_true", help="every peer in this Python, as the smoke test does")
    parser.add_argument("--report", type=Path, metavar="RAW", help="write the page of a raw file again")
    given = parser.parse_args(arguments)
    if given.photos_folder is None and given.report is None:
        parser.error("PHOTOS is needed: a folder with one sub-folder for each class")
    return given


if __name__ == "__main__":
    sys.exit(main())
