"""What a dataset looks like, from its sample table: counts, sizes, formats, copies. Run report and explore use it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from sightline.report import charts
from sightline.report.page import Shown
from sightline.system import words

SPLITS = {"train": "one", "val": "faint", "test": "quiet", "": "one"}


@dataclass(frozen=True)
class Sizes:
    """Widths and heights in words, their chart, and what is odd: `odd` is one bool per sample."""

    sentence: str
    chart: Markup
    odd: NDArray[np.bool_]
    common: list[tuple[int, int, int]]  # width, height, photos; most frequent first


def counts(samples: pd.DataFrame, classes: Sequence[str]) -> Shown:
    """Photos of each class and split.

    Returns:
        splits: names in order; kinds: a colour class for each; rows: {label, parts, total, bar} by class;
        totals: one number per split; total: of all.
    """
    present = [name for name in ("train", "val", "test", "") if (samples["split"] == name).any()]
    grid = pd.crosstab(samples["label"], samples["split"]).reindex(index=list(classes), columns=present, fill_value=0)
    most = float(grid.sum(axis=1).max()) if len(grid) else 0.0
    rows = []
    for label, row in zip(classes, grid.to_numpy(), strict=True):
        parts = [(float(n), SPLITS[split]) for split, n in zip(present, row, strict=True)]
        rows.append({"label": label, "parts": row.tolist(), "total": int(row.sum()), "bar": charts.bar(parts, most)})
    return {
        "splits": [name or "no split yet" for name in present],
        "kinds": [SPLITS[name] for name in present],
        "rows": rows,
        "totals": grid.sum(axis=0).tolist(),
        "total": int(grid.to_numpy().sum()),
    }


def balance(samples: pd.DataFrame, classes: Sequence[str]) -> str:
    """How even the classes are, in a sentence."""
    per_class = samples["label"].value_counts().reindex(list(classes), fill_value=0)
    if len(per_class) < 2:
        return ""
    most, least = per_class.idxmax(), per_class.idxmin()
    ratio = per_class.max() / max(per_class.min(), 1)
    if ratio < 1.25:
        return "The classes are about the same size."
    if (per_class == per_class.max()).sum() > 1 or (per_class == per_class.min()).sum() > 1:
        return (
            f"The largest classes have {ratio:.1f} times as many photos ({words.count(per_class.max())}) "
            f"as the smallest ({words.count(per_class.min())})."
        )
    return (
        f"The largest class, {words.name(most)}, has {ratio:.1f} times as many photos "
        f"({words.count(per_class.max())}) as the smallest, {words.name(least)} ({words.count(per_class.min())})."
    )


def sizes(samples: pd.DataFrame) -> Sizes | None:
    """What sizes the photos have; None where they are not known.

    Odd is a size that differs from the one most photos have; where no size prevails, one whose area or shape lies more
    than 4 robust standard deviations (1.4826 MAD, of logarithms) from the median.
    """
    if not {"width", "height"} <= set(samples) or not len(samples):
        return None
    width, height = samples["width"].to_numpy(float), samples["height"].to_numpy(float)
    known = (width > 0) & (height > 0)
    if not known.any():
        return None
    pairs, which, n = np.unique(
        np.column_stack([width, height])[known], axis=0, return_inverse=True, return_counts=True
    )
    order = np.argsort(-n, kind="stable")
    common = [(int(pairs[i][0]), int(pairs[i][1]), int(n[i])) for i in order[:8]]
    odd = np.zeros(len(samples), bool)
    prevailing = n.max() > 0.5 * known.sum()
    if prevailing:
        odd[known] = which.ravel() != order[0]
    else:
        area, shape = np.log(width[known] * height[known]), np.log(width[known] / height[known])
        odd[known] = _far(area) | _far(shape)
    few = words.many(int(odd.sum()), "photo")
    w, h, most = common[0]
    if len(pairs) == 1:
        sentence = f"Every photo is {w} × {h} pixels."
    elif prevailing:
        share = words.percent(most / known.sum())
        sentence = (
            f"{share} of the photos are {w} × {h} pixels; {few} {'has' if odd.sum() == 1 else 'have'} another size."
        )
    else:
        wide, high = width[known].astype(int), height[known].astype(int)
        sentence = (
            f"Photos come in {words.many(len(pairs), 'size')}, {wide.min():,} to {wide.max():,} pixels wide and "
            f"{high.min():,} to {high.max():,} high; the median is {int(np.median(wide)):,} × {int(np.median(high)):,}."
        )
        if odd.any():
            sentence += f" {few} {'stands' if odd.sum() == 1 else 'stand'} out by size or shape."
    about = f"Width and height of the photos. {sentence}"
    chart = charts.scatter(width[known], height[known], odd=odd[known], label=about)
    return Sizes(sentence, chart, odd, common)


def tally(samples: pd.DataFrame, column: str) -> list[tuple[str, int]]:
    """How often each value of a column occurs, most frequent first; [] where the column is absent."""
    if column not in samples:
        return []
    values = samples[column].fillna("").astype(str)
    return [(str(value), int(n)) for value, n in values.value_counts().items() if value]


def notes(samples: pd.DataFrame) -> list[tuple[str, int]]:
    """What preflight had to do to photos (rotate by EXIF, convert CMYK …) and how often."""
    if "notes" not in samples:
        return []
    each = samples["notes"].fillna("").astype(str).str.split("; ").explode()
    return [(str(note), int(n)) for note, n in each[each != ""].value_counts().items()]


def copies(samples: pd.DataFrame) -> dict[str, int] | None:
    """Copies among the photos, from the column duplicate_group; None without it.

    Returns:
        groups: sets of copies; photos: how many photos are in them; across: sets that lie in more than one split;
        conflicting: sets that carry more than one label.
    """
    if "duplicate_group" not in samples or not len(samples):
        return None
    grouped = samples.groupby("duplicate_group", sort=False)
    several = grouped["path"].transform("size") > 1
    if not several.any():
        return {"groups": 0, "photos": 0, "across": 0, "conflicting": 0}
    within = samples[several].groupby("duplicate_group", sort=False)
    return {
        "groups": int(within.ngroups),
        "photos": int(several.sum()),
        "across": int((within["split"].nunique() > 1).sum()),
        "conflicting": int((within["label"].nunique() > 1).sum()),
    }


def problems(table: pd.DataFrame) -> dict[str, list[Shown]]:
    """What was wrong with files: each one that was left out, and what was converted, counted by kind.

    Returns:
        left_out: rows of path, problem, detail, action; converted: rows of problem, action, n, path (one example).
    """
    known = table.fillna("").astype(str)
    left_out = known[known["action"] == "left out"]
    rest = known[known["action"] != "left out"]
    converted = [
        {"problem": problem, "action": action, "n": len(part), "path": part["path"].iloc[0]}
        for (problem, action), part in rest.groupby(["problem", "action"], sort=False)
    ]
    converted.sort(key=lambda row: -int(row["n"]))
    return {
        "left_out": [{str(key): value for key, value in row.items()} for row in left_out.to_dict("records")],
        "converted": converted,
    }


def drawn(samples: pd.DataFrame, label: str, most: int, seed: int = 0) -> list[str]:
    """Paths of up to `most` photos of a class, drawn at random, the same ones each time."""
    paths = samples.loc[samples["label"] == label, "path"].to_numpy()
    if len(paths) <= most:
        return [str(path) for path in paths]
    return [str(paths[i]) for i in np.sort(np.random.default_rng(seed).choice(len(paths), most, replace=False))]


def _far(values: NDArray[np.float64], limit: float = 4.0) -> NDArray[np.bool_]:
    middle = np.median(values)
    spread = 1.4826 * np.median(np.abs(values - middle))
    return np.abs(values - middle) > limit * max(float(spread), 0.05)
