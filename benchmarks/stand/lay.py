"""A folder of classes -> the folder that every peer is given: split.csv, and the same as train|val|test/CLASS/NAME."""

from __future__ import annotations

import csv
import random
import shutil
from pathlib import Path

SUFFIXES = {".jpg", ".jpeg", ".png"}
SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}


def lay(source: Path, folder: Path, photos: int, seed: int = 0) -> int:
    """Copy about `photos` photos of `source`, as many of each class, and say which is for what; -> how many.

    The same arguments lay the same photos, whatever the order in which the disk lists them. What is there is kept.

    Raises:
        ValueError: `source` has not two class folders with three photos each.
    """
    classes = {
        place.name: sorted(p for p in place.iterdir() if p.suffix.lower() in SUFFIXES) for place in _folders(source)
    }
    classes = {name: files for name, files in classes.items() if files}
    if len(classes) < 2 or min(map(len, classes.values())) < 3:
        raise ValueError(f"{source}: needs two class folders with three photos each")
    draws, rows = random.Random(seed), []
    for name, files in sorted(classes.items()):
        draws.shuffle(files)
        chosen = files[: max(3, photos // len(classes))]
        aside = {split: max(1, round(SHARES[split] * len(chosen))) for split in ("val", "test")}
        splits = ["val"] * aside["val"] + ["test"] * aside["test"]
        splits += ["train"] * (len(chosen) - len(splits))
        rows += sorted((split, name, path) for split, path in zip(splits, chosen, strict=True))
    table = folder / "split.csv"
    if not table.exists():
        shutil.rmtree(folder, ignore_errors=True)
        for split, name, path in rows:
            place = folder / split / name
            place.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place / path.name)
        with open(table, "w", newline="", encoding="utf-8") as file:
            lines = csv.writer(file)
            lines.writerow(("path", "label", "split"))
            lines.writerows((f"{split}/{name}/{path.name}", name, split) for split, name, path in rows)
    return len(rows)


def _folders(source: Path) -> list[Path]:
    return [place for place in source.iterdir() if place.is_dir() and not place.name.startswith(".")]
