"""What cropping, padding and squashing make of photos whose class shows only at their edge.

    python benchmarks/fit.py                     # a quarter of an hour on two cores
    python benchmarks/fit.py --per-class 60 --ratios 1 4

Photos of three classes are drawn (`sightline.scenes.edge`): a scene that says nothing of the class, and a shape at the
left or right edge that says all. For each shape of photo and each way to make it square a head is fitted on the
features of the network in the box (recipe `probe`), and opened once on the test part. Each photo of a ratio of 1 is
square already: there the three ways must give the same.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import sightline
from sightline.scenes.edge import write_edges

FITS = ("crop", "pad", "squash")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--per-class", type=int, default=150)
    parser.add_argument("--height", type=int, default=240)
    parser.add_argument("--ratios", type=float, nargs="+", default=[1, 1.5, 2, 3, 4])
    options = parser.parse_args()
    print("| width : height | " + " | ".join(FITS) + " |\n|---|" + "---|" * len(FITS))
    with tempfile.TemporaryDirectory() as place:
        for ratio in options.ratios:
            data = Path(place) / f"photos-{ratio:g}"
            write_edges(data, options.per_class, options.height, ratio)
            found = []
            for fit in FITS:
                run = sightline.train(
                    data, recipe="probe", fit=fit, out=Path(place) / f"{fit}-{ratio:g}", set=("robustness_seconds=0",)
                )
                low, high = run.evaluation.accuracy_ci95
                found.append(f"{run.evaluation.accuracy:.1%} ({low:.0%}–{high:.0%})")
            print(f"| {ratio:g} : 1 | " + " | ".join(found) + " |", flush=True)


if __name__ == "__main__":
    main()
