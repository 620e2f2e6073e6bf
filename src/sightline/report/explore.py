"""Looking at a dataset before anything is trained: explore.html for people, explore.json for programs.

Both say the same: how many photos of what, what they look like, what varies in them, their sizes and formats, what
augmentation would do to them, and which files cannot be used.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from sightline.checks.shapes import cropped
from sightline.data.decoding.deep import FULL
from sightline.data.pixels import Pixels
from sightline.data.table import Dataset
from sightline.data.white import said
from sightline.report import augmentation, charts, colours, material, page, variety
from sightline.report.page import Shown
from sightline.report.photos import Album, Photo
from sightline.system import words
from sightline.system.files import write_json, write_text

MOST_CLASSES = 60  # shown with photos; the tables have all
THUMB = 112
KINDS, KINDS_WITHIN = 8, 3


def write(
    dataset: Dataset, pixels: Pixels, out: Path, embeddings: ArrayLike | None = None, augment: str | None = None
) -> Shown:
    """Write out/explore.html and out/explore.json.

    Args:
        dataset: after preflight. pixels: its photos, pixels[i] of sample i.
        embeddings: (n, F) features of a network for the variety view; None groups by light, colour and lines.
        augment: a preset of `data.augment` to preview; None for no preview.

    Returns:
        What explore.json holds: name, root, photos, classes, counts {class: {split: n}}, set_aside, sizes, modes,
        formats, notes {what preflight converted: n}, white (of 16-bit photos, or null), bytes, colour {all, classes
        {class: mean, std, brightness, palette}}, variety {of, by, groups, within {class: groups}}, augment, problems.

    Raises:
        UsageError: there is no such augmentation preset.
    """
    samples, classes = dataset.samples, list(dataset.classes)
    look = _Look(samples, pixels)
    preview = _preview(look, pixels, classes, augment) if augment else None
    seen = colours.looks(samples["label"].tolist(), classes, pixels)
    measured = material.sizes(samples)
    odd = _odd(samples, measured.odd) if measured else []
    kinds = _variety(samples, classes, pixels, embeddings)
    found = {
        "name": dataset.name,
        "root": str(dataset.root),
        "photos": len(samples),
        "classes": classes,
        "counts": dataset.counts().T.to_dict(),
        "set_aside": list(dataset.set_aside),
        "sizes": _sizes(samples, measured, odd),
        "modes": dict(material.tally(samples, "mode")),
        "formats": dict(material.tally(samples, "format")),
        "notes": dict(material.notes(samples)),
        "white": pixels.white,
        "bytes": int(samples["bytes"].sum()) if "bytes" in samples else None,
        "colour": {"all": _overall(seen), "classes": {each.label: each.to_dict() for each in seen}},
        "variety": kinds[0],
        "augment": {"preset": augment, "spec": preview["spec"]} if preview else None,
        "problems": dataset.problems.fillna("").astype(str).to_dict("records"),
    }
    write_text(out / "explore.html", _render(dataset, look, found, seen, measured, odd, kinds, preview))
    write_json(out / "explore.json", found)
    return found


class _Look:
    """Photos of the page, taken from the pixel cache."""

    def __init__(self, samples: pd.DataFrame, pixels: Pixels) -> None:
        self.samples, self.pixels = samples, pixels
        self.paths = samples["path"].astype(str).tolist()
        self.labels = samples["label"].astype(str).tolist()
        self.album = Album(None)

    def photo(self, row: int, size: int = THUMB) -> Photo:
        return self.show(self.paths[row], self.pixels.take(np.array([row]))[0], size)

    def show(self, path: str, square: NDArray[np.uint8], size: int = THUMB) -> Photo:
        if len(square) > size:
            square = np.asarray(Image.fromarray(square).resize((size, size), Image.Resampling.LANCZOS))
        return self.album.show(path, square)

    def some(self, label: str, most: int, seed: int = 0) -> list[int]:
        """Row numbers of up to `most` photos of a class, drawn at random, the same ones each time."""
        rows = np.flatnonzero(np.asarray(self.labels, dtype=object) == label)
        if len(rows) > most:
            rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
        return [int(row) for row in rows]


def _render(
    dataset: Dataset,
    look: _Look,
    found: Shown,
    seen: Sequence[colours.Look],
    measured: material.Sizes | None,
    odd: Sequence[int],
    kinds: tuple[Shown, list[variety.Group], dict[str, list[variety.Group]]],
    preview: Shown | None,
) -> str:
    shown = list(dataset.classes)[:MOST_CLASSES]
    each = 16 if len(shown) <= 10 else 8 if len(shown) <= 30 else 4
    _, everywhere, within = kinds
    album = Album(dataset.root, white=look.pixels.white or FULL)
    opening = [(label, look.photo(row, 160)) for label in shown[:9] for row in look.some(label, 1, seed=1)]
    context: Shown = {
        "found": found,
        "lede": _lede(dataset, measured, look.pixels),
        "opening": opening if len(shown) <= 9 else [],
        "counts": material.counts(dataset.samples, dataset.classes),
        "grid": [(label, [look.photo(row) for row in look.some(label, each)]) for label in shown],
        "left_out": len(dataset.classes) - len(shown),
        "everywhere": [_kind(look, group, found["variety"]["of"], 8) for group in everywhere],
        "within": [
            (label, [_kind(look, group, sum(len(g.rows) for g in groups), 8) for group in groups])
            for label, groups in within.items()
            if groups
        ],
        "seen": [
            {
                "look": each,
                "photo": look.show(each.label, each.mean_image, 150),
                "strip": colours.strip(each.palette, f"Colours of {words.shown(each.label)}, dark to light"),
                "bar": charts.bar([(each.brightness, "one")], 255),
            }
            for each in seen[:MOST_CLASSES]
        ],
        "sizes": measured,
        "cropped": lost.sentence if (lost := cropped(dataset.samples)) else "",
        "odd": [_odd_photo(dataset.samples, row, album) for row in odd[:18]],
        "preview": preview,
        "problems": material.problems(dataset.problems),
    }
    contents = [("counts", "How many"), ("look", "A look at each class")]
    contents += [("variety", "What varies")] if everywhere else []
    contents += [("colour", "Colour and light"), ("sizes", "Sizes")]
    contents += [("augment", "Augmentation")] if preview else []
    context["sections"] = [*contents, ("files", "Files")]
    return page.render("explore.html", title=f"{words.many(len(look.paths), 'photo')} · {dataset.name}", **context)


def _lede(dataset: Dataset, measured: material.Sizes | None, pixels: Pixels) -> list[str]:
    samples = dataset.samples
    splits = [split for split in ("train", "val", "test") if (samples["split"] == split).any()]
    if splits:
        brought = f"The data comes with {words.listing(splits)}; training keeps that split."
    else:
        brought = "The data comes without splits; training would cut it 70/15/15, keeping copies together."
    first = " ".join(part for part in (material.balance(samples, dataset.classes), brought) if part)
    lost = cropped(samples)
    suggested = [lost.sentence] if lost and lost.suggests_pad else []
    deep = [said(pixels.white)] if said(pixels.white) else []
    return [first, *([measured.sentence] if measured else []), *suggested, *deep]


def _kind(look: _Look, group: variety.Group, of: int, most: int) -> Shown:
    """A group as the page shows it: typical photos, spread over the typical half so that they are not all alike."""
    half = group.rows[: max(len(group.rows) // 2, min(most, len(group.rows)))]
    picked = half[np.unique(np.linspace(0, len(half) - 1, min(most, len(half))).round().astype(int))]
    classes = group.to_dict(look.paths, look.labels, of)["classes"]
    return {
        "name": group.name,
        "n": len(group.rows),
        "share": len(group.rows) / max(of, 1),
        "classes": [(label, n / len(group.rows)) for label, n in list(classes.items())[:3]],
        "photos": [(look.labels[row], look.photo(int(row))) for row in picked],
    }


def _variety(
    samples: pd.DataFrame, classes: Sequence[str], pixels: Pixels, embeddings: ArrayLike | None
) -> tuple[Shown, list[variety.Group], dict[str, list[variety.Group]]]:
    rows = variety.drawn(len(samples))
    measures, layout = variety.measure(pixels, rows)
    chosen = np.asarray(embeddings)[rows] if embeddings is not None else None
    grouped_by = variety.features(measures, layout, chosen)
    everywhere = variety.groups(measures, grouped_by, rows, KINDS)
    labels, paths = samples["label"].astype(str).tolist(), samples["path"].astype(str).tolist()
    of_row = np.asarray([labels[row] for row in rows], dtype=object)
    within = {}
    for label in classes[:MOST_CLASSES]:
        of = of_row == label
        within[label] = variety.groups(measures[of], grouped_by[of], rows[of], KINDS_WITHIN) if of.any() else []
    described = {
        "of": len(rows),
        "by": "the network's features" if embeddings is not None else "light, colour and lines",
        "groups": [group.to_dict(paths, labels, len(rows)) for group in everywhere],
        "within": {
            label: [group.to_dict(paths, labels, int((of_row == label).sum())) for group in groups]
            for label, groups in within.items()
        },
    }
    return described, everywhere, within


def _sizes(samples: pd.DataFrame, measured: material.Sizes | None, odd: Sequence[int]) -> Shown | None:
    if measured is None:
        return None
    lost = cropped(samples)
    return {
        "sentence": measured.sentence,
        "cropped": {"mean": lost.mean, "most": lost.most, "sentence": lost.sentence} if lost else None,
        "common": [{"width": w, "height": h, "photos": n} for w, h, n in measured.common],
        "median": [int(samples["width"].median()), int(samples["height"].median())],
        "odd_total": int(measured.odd.sum()),
        "odd": [
            {"path": str(path), "width": int(w), "height": int(h)}
            for path, w, h in samples.iloc[list(odd[:200])][["path", "width", "height"]].to_numpy()
        ],
    }


def _odd(samples: pd.DataFrame, odd: NDArray[np.bool_]) -> list[int]:
    """Row numbers of odd sizes, the farthest from the median size first."""
    size = np.log(np.maximum(samples[["width", "height"]].to_numpy(float), 1))
    far = np.abs(size - np.median(size, axis=0)).sum(axis=1)
    return [int(row) for row in np.argsort(-far, kind="stable") if odd[row]]


def _odd_photo(samples: pd.DataFrame, row: int, album: Album) -> tuple[str, str, Photo]:
    sample = samples.iloc[row]
    size = f"{int(sample['width']):,} × {int(sample['height']):,}"
    return str(sample["label"]), size, album.take(str(sample["path"]), 140, whole=True)


def _overall(seen: Sequence[colours.Look]) -> Shown:
    """Mean and standard deviation of each channel over all classes, each class counted by its photos looked at."""
    weights = np.array([each.n for each in seen], float)
    means, spreads = np.array([each.mean for each in seen]), np.array([each.std for each in seen])
    mean = np.average(means, axis=0, weights=weights)
    std = np.sqrt(np.average(spreads**2 + means**2, axis=0, weights=weights) - mean**2)
    return {"photos": int(weights.sum()), "mean": np.round(mean, 2).tolist(), "std": np.round(std, 2).tolist()}


def _preview(look: _Look, pixels: Pixels, classes: Sequence[str], preset: str) -> Shown:
    """Photos before and after augmentation: one of each of up to six classes, each changed five times."""
    rows = [row for label in classes[:6] for row in look.some(label, 1, seed=2)]
    spec, after = augmentation.changed(preset, pixels.take(np.array(rows)))
    shown = [
        {
            "label": look.labels[row],
            "before": look.photo(row, 150),
            "after": [look.show(look.paths[row], square, 150) for square in squares],
        }
        for row, squares in zip(rows, after, strict=True)
    ]
    return {"preset": preset, "spec": spec, "rows": shown}
