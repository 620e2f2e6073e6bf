"""How fast the same augmentation is in Sightline, kornia and torchvision v2, on batches of photos.

    python benchmarks/augment.py                 # on the CPU; on a GPU too, where there is one
    python benchmarks/augment.py --size 150 --batch 32 --rounds 20

kornia is installed into a temporary folder, pinned below, and is no dependency of Sightline. What each library is asked
to do is the preset `scenes-000` without erasing: flip, rotation, crop, brightness, contrast, saturation, hue, and
grayscale, each image with its own values. torchvision v2 draws one set of values for a whole batch, so it is called
image by image; "as a batch" is shown too, although it does not do what is asked. Rounds are interleaved and the median
is reported, so that a busy machine hurts all alike.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from sightline.data.augment import presets

KORNIA = ("kornia==0.8.2", "kornia_rs==0.2.0")
SPEC = {name: value for name, value in presets.PRESETS["scenes-000"].items() if name != "erase"}

Step = Callable[[Tensor], Tensor]


def ours(size: int) -> dict[str, Step]:
    """One resampling and one colour matrix, and the same as a chain of single operations."""
    draws = torch.Generator().manual_seed(0)
    whole = presets.build(SPEC, size)
    parts = [presets.build({name: value}, size) for name, value in SPEC.items()]

    def chain(batch: Tensor) -> Tensor:
        for part in parts:
            batch = part(batch, draws)
        return batch

    return {"Sightline": lambda batch: whole(batch, draws), "Sightline, one operation after the other": chain}


def torchvisions(size: int) -> dict[str, Step]:
    """The same operations of torchvision.transforms.v2 on float tensors."""
    from torchvision.transforms import v2

    chain = v2.Compose(
        [
            v2.RandomHorizontalFlip(0.5),
            v2.RandomRotation(15, interpolation=v2.InterpolationMode.BILINEAR),
            v2.RandomResizedCrop(size, scale=(0.6, 1.0), antialias=False),
            v2.ColorJitter(0.3, 0.3, 0.3, 0.05),
            v2.RandomGrayscale(0.1),
        ]
    )
    return {
        "torchvision v2, image by image": lambda batch: torch.stack([chain(image) for image in batch]),
        "torchvision v2, image by image, on bytes": lambda batch: (
            torch.stack([chain(image) for image in (batch * 255).to(torch.uint8)]).float().div_(255)
        ),
        "torchvision v2, as a batch (one set of values for all)": chain,
    }


def kornias(size: int, folder: Path) -> dict[str, Step]:
    """The same operations of kornia, from its own folder."""
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), *KORNIA]
    subprocess.run(command, check=True, stdout=sys.stderr)
    sys.path.append(str(folder))
    import kornia.augmentation as K

    chain = K.AugmentationSequential(
        K.RandomHorizontalFlip(p=0.5),
        K.RandomRotation(15, p=1.0),
        K.RandomResizedCrop((size, size), scale=(0.6, 1.0), p=1.0),
        K.ColorJiggle(0.3, 0.3, 0.3, 0.05, p=1.0),
        K.RandomGrayscale(p=0.1),
        same_on_batch=False,
    )
    return {"kornia": chain}


def measure(steps: dict[str, Step], batch: Tensor, rounds: int) -> dict[str, float]:
    """Median milliseconds of each step, over interleaved rounds."""
    seen: dict[str, list[float]] = {name: [] for name in steps}
    for round_ in range(rounds + 2):
        for name, step in steps.items():
            _wait(batch)
            started = time.perf_counter()
            step(batch)
            _wait(batch)
            if round_ >= 2:  # the first rounds pay for setting up
                seen[name].append((time.perf_counter() - started) * 1000)
    return {name: statistics.median(times) for name, times in seen.items()}


def _wait(batch: Tensor) -> None:
    if batch.is_cuda:
        torch.cuda.synchronize()


def main() -> None:
    """Measure, and print a Markdown table for each device."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=150)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        steps = ours(given.size) | torchvisions(given.size) | kornias(given.size, Path(folder))
        for device in ("cpu", *(["cuda"] if torch.cuda.is_available() else [])):
            batch = torch.rand(given.batch, 3, given.size, given.size, device=device)
            times = measure(steps, batch, given.rounds)
            threads = f", {torch.get_num_threads()} threads" if device == "cpu" else ""
            print(f"\n{given.batch} photos of {given.size}×{given.size} pixels on {device}{threads}\n")
            print("| | ms a batch | times ours |\n|---|---:|---:|")
            for name, took in times.items():
                print(f"| {name} | {took:.1f} | {took / times['Sightline']:.1f} |")


if __name__ == "__main__":
    main()
