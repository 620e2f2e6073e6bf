"""What a busy neighbour costs: photos a second while another program fills a core, as a share of the quiet rate.

    python benchmarks/beside.py PHOTOS [--rounds 3] [--seconds 8]

PHOTOS holds one folder for each class. Learning is the step of the default recipe, predicting is what `sightline
predict` does with files; each in a process of its own, in turn with and without the neighbour, once as Sightline is
(threads that wait sleep) and once with threads that spin (OMP_WAIT_POLICY=active). Prints Markdown: medians
(least–most).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from stand import machine

BUSY = "while True: pass"
POLICIES = {"waiting threads sleep": "passive", "waiting threads spin": "active"}


def main() -> int:
    """Measure and print; 2 where the machine is busy already."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement")
    parser.add_argument("--busy", action="store_true", help="measure although others use the machine")
    parser.add_argument("--only", choices=WORK, help=argparse.SUPPRESS)  # one measurement, in a process of its own
    given = parser.parse_args()
    if given.only:
        print(WORK[given.only](given.photos, given.seconds))
        return 0
    if not given.busy and (share := machine.busy()) > machine.QUIET:
        print(f"The machine is busy: others use {share:.0%} of it. Wait, or take --busy.", file=sys.stderr)
        return 2
    rates: dict[tuple[str, str, bool], list[float]] = defaultdict(list)
    for _ in range(given.rounds):
        for work in WORK:
            for how, policy in POLICIES.items():
                for beside in (False, True):
                    with neighbour(beside):
                        rates[work, how, beside].append(measured(given, work, policy))
    print(json.dumps(machine.facts()), file=sys.stderr)
    print("\n".join(table(rates)))
    return 0


def measured(given: argparse.Namespace, work: str, policy: str) -> float:
    """Photos a second of one kind of work in a new process."""
    command = [sys.executable, __file__, str(given.photos), "--only", work, "--seconds", str(given.seconds)]
    environment = {**os.environ, "OMP_WAIT_POLICY": policy, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, check=True, env=environment, capture_output=True, text=True)
    return float(done.stdout)


@contextmanager
def neighbour(there: bool) -> Iterator[subprocess.Popen[bytes] | None]:
    """Another program that keeps one core busy, if it is to be there."""
    if not there:
        yield None
        return
    with subprocess.Popen([sys.executable, "-c", BUSY]) as process:
        try:
            yield process
        finally:
            process.kill()


def table(rates: dict[tuple[str, str, bool], list[float]]) -> Iterator[str]:
    """The lines of the table."""
    yield "| work | | quiet, photos/s | beside a busy program | kept |\n|---|---|---:|---:|---:|"
    for work in WORK:
        for how in POLICIES:
            quiet, beside = rates[work, how, False], rates[work, how, True]
            kept = [b / a for a, b in zip(quiet, beside, strict=True)]
            figures = f"{median(quiet):.1f} | {median(beside):.1f}"
            yield f"| {work} | {how} | {figures} | {median(kept):.0%} ({min(kept):.0%}–{max(kept):.0%}) |"


def learning(photos: Path, seconds: float) -> float:
    """The default recipe's tuning step."""
    import torch

    from sightline import recipes
    from sightline.data.glimpse import sample_pixels
    from sightline.data.reading.sources import open_dataset
    from sightline.models import engines
    from sightline.models.learner import Learner
    from sightline.runs import plan

    config = recipes.resolve("default", {"data": photos}, [])
    dataset = open_dataset(photos)
    network = plan.build_network(config, dataset.classes, config.img_size)
    sample = sample_pixels(dataset, network.size, network.fit, most=config.batch_size)
    learner = Learner(
        network, sample, "cpu", config.phases[-1].train, batch=config.batch_size, freeze_norm=config.freeze_norm
    )
    if learner.halves is None:
        raise SystemExit("The default recipe freezes no layers in front; nothing to measure here.")
    frozen = engines.make("onnxruntime", learner.halves.before, "cpu", config.batch_size)

    def step() -> int:
        frozen(sample)
        torch.autograd.backward(learner.loss())
        return len(sample)

    return rate(step, seconds)


def predicting(photos: Path, seconds: float) -> float:
    """Files to answers, decoding included."""
    from sightline import recipes
    from sightline.data.decoding import inputs
    from sightline.data.reading.named import unfolded
    from sightline.models import engines
    from sightline.predictor import Predictor
    from sightline.runs import plan

    config = recipes.resolve("default", {"data": photos}, [])
    classes = sorted(folder.name for folder in photos.iterdir() if folder.is_dir())
    network = plan.build_network(config, classes, config.img_size)
    predictor = Predictor(network, engines.make("onnxruntime", network, "cpu", 32), tta=config.tta)
    files = sorted(photos.rglob("*.jpg"))[::7] * 100
    rows = predictor.stream(inputs.photos(unfolded(files)))
    return rate(lambda: len(next(rows)), seconds)


def rate(step: Callable[[], int], seconds: float) -> float:
    """Photos a second of a step that says how many it took; the first ones do not count."""
    for _ in range(3):
        step()
    taken, started = 0, time.perf_counter()
    while (passed := time.perf_counter() - started) < seconds:
        taken += step()
    return taken / passed


WORK = {"learning": learning, "predicting": predicting}


if __name__ == "__main__":
    raise SystemExit(main())
