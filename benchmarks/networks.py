"""Which network to begin with: accuracy and seconds of several, at several sizes, over several splits of real photos.

    python benchmarks/networks.py PHOTOS [--weights FOLDER] [--sizes 160,192,224] [--seeds 0,1,2] [--recipe probe]
                                  [--networks NAME,NAME] [--out networks.json]

PHOTOS holds one folder for each class; FOLDER is a timm local folder that joins the networks of the box. Each run has a
cache of its own ("nothing kept") and a new process, so its seconds are those of a first run. What is in the JSON
already is not repeated. Prints Markdown: the mean over the splits of accuracy on val and test, and the seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import mean

from stand import machine

BOX = ("tf_efficientnet_lite0", "tf_efficientnet_lite1", "tf_efficientnet_lite2")


def measure(photos: Path, network: str, size: int, seed: int, recipe: str) -> dict[str, float]:
    """One run in a process of its own; its accuracy on val and test, and its seconds."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "run"
        chosen = ["--weights", network] if Path(network).is_dir() else ["--model", network]
        command = [
            sys.executable,
            "-m",
            "sightline",
            "train",
            str(photos),
            "--recipe",
            recipe,
            "--out",
            str(out),
            *chosen,
        ]
        command += ["--img-size", str(size), "--set", f"split_seed={seed}", "--set", "robustness_seconds=0"]
        environment = {**os.environ, "SIGHTLINE_CACHE": f"{place}/cache", "HF_HUB_OFFLINE": "1"}
        before, started = machine.counters(), time.perf_counter()
        subprocess.run(command, check=True, env=environment, capture_output=True)
        seconds = time.perf_counter() - started
        used = machine.share(before, machine.counters())
        import sightline

        run = sightline.Run(out)
        return {
            "val": float(run.metrics["val_accuracy"].max()),
            "test": run.evaluation.accuracy,
            "training": float(run.metrics["seconds"].sum()),
            "seconds": seconds,
            "machine": round(used, 2),
        }


def main() -> None:
    """Measure what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--weights", default="")
    parser.add_argument("--networks", default=",".join(BOX))
    parser.add_argument("--sizes", default="160,192,224")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--recipe", default="probe")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "raw" / "networks.json")
    given = parser.parse_args()
    found: dict[str, dict[str, float]] = json.loads(given.out.read_text()) if given.out.exists() else {}
    networks = ([given.weights] if given.weights else []) + [name for name in given.networks.split(",") if name]
    for seed in given.seeds.split(","):
        for size in given.sizes.split(","):
            for network in networks:
                key = f"{given.recipe} {Path(network).name} {size} {seed}"
                if key not in found:
                    found[key] = measure(given.photos, network, int(size), int(seed), given.recipe)
                    given.out.parent.mkdir(exist_ok=True)
                    given.out.write_text(json.dumps(found, indent=1) + "\n")
                print(key, found[key], file=sys.stderr, flush=True)
    print(table(found))


def table(found: dict[str, dict[str, float]]) -> str:
    """The means over the splits, the fastest first."""
    groups: dict[str, list[dict[str, float]]] = defaultdict(list)
    for key, figures in found.items():
        groups[key.rpartition(" ")[0]].append(figures)
    lines = [
        "| recipe | network | pixels | splits | val | test | training, s | in all, s |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for key, runs in sorted(groups.items(), key=lambda item: mean(run["seconds"] for run in item[1])):
        recipe, network, size = key.split(" ")
        val, test, training, seconds = (
            mean(run[name] for run in runs) for name in ("val", "test", "training", "seconds")
        )
        lines.append(
            f"| {recipe} | `{network}` | {size} | {len(runs)} | {val:.1%} | {test:.1%} "
            f"| {training:.0f} | {seconds:.0f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
