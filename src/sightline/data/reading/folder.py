"""A folder of photos -> dataset: one sub-folder per class, alone or below folders named for the splits.

Photos deeper down belong to the class above them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sightline.data.reading.layout import Parts, Unclear, take_apart
from sightline.data.reading.walk import Folder, Listing
from sightline.data.table import Dataset, Problem, sample_table
from sightline.errors import SightlineError
from sightline.system.words import quoted


def read_folder(listing: Listing, name: str) -> Dataset:
    """Make a dataset of a folder of class folders.

    Args:
        listing: what is in it; sample paths are relative to its root.
        name: what the dataset is called.

    Raises:
        SightlineError: it holds no photos, or holds them without class folders, or in folders that could be splits or
            classes.
    """
    root, tree, problems = listing.root, listing.tree, listing.problems
    if not tree.count:
        seen = ""
        if problems:
            path, problem, detail, _ = problems[0]
            seen = f" ({len(problems):,} things in it cannot be used, the first: {quoted(path)})"
            seen = f" ({quoted(path)} was {detail})" if problem == "own output" else seen
        raise SightlineError(f"{root}: no photos in it{seen}.\nGive a folder with one sub-folder of photos per class.")
    try:
        parts = take_apart(tree)
    except Unclear as error:
        raise Unclear(f"{root}: {error}") from error
    if not parts.classes:
        raise _no_classes(root, tree, parts)

    rows = [(path, label, split, "") for split, label, folder in parts.classes for path in folder.photos()]
    outside = "it lies outside every class folder"
    stray = [(path, "no class", outside, "left out") for path in sorted(parts.stray)]
    problems = [*problems, *parts.problems, *stray, *_empty_classes(listing.empty, parts), *_odd_names(parts)]
    return Dataset.assembled(name, root, sample_table(rows), problems, set_aside=sorted(parts.aside))


def _no_classes(root: Path, tree: Folder, parts: Parts) -> SightlineError:
    if parts.aside and not tree.files:
        return SightlineError(
            f"{root}: nothing in it is labelled, only {', '.join(sorted(parts.aside))}.\n"
            "Give a folder with one sub-folder of photos per class."
        )
    first = next(tree.photos())
    return SightlineError(
        f"{root}: its {tree.count:,} photos lie flat, without class folders (the first: {quoted(first)}).\n"
        "Put the photos of each class into a sub-folder of its name, or list them in a CSV with the columns path,label."
    )


def _empty_classes(empty: list[str], parts: Parts) -> Iterator[Problem]:
    """Folders without photos, where classes stand: each may be a class whose photos went missing."""
    parents = {folder.path.rpartition("/")[0] for _, _, folder in parts.classes}
    for path in empty:
        if path.rpartition("/")[0] in parents:
            yield path, "no photos", "the folder has none, so it is no class", "passed over"


def _odd_names(parts: Parts) -> Iterator[Problem]:
    by_split: dict[tuple[str, str], str] = {}
    for split, label, folder in parts.classes:
        twin = by_split.setdefault((split, label), folder.path)
        if twin != folder.path and folder.path.rpartition("/")[0] == twin.rpartition("/")[0]:
            detail = f"its name and {quoted(twin)} are the same letters stored in two ways: they are one class"
            yield folder.path, "alike names", detail, "kept"
