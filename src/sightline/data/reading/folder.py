"""A folder of photos -> dataset: one sub-folder per class, alone or below folders named for the splits.

Which of the two it is is read from the names and the depth: `train/` with photos directly in it is a class of that
name among others, `train/cats/` is a split. Folders that only wrap others (`archive/flower_photos/…`,
`seg_train/seg_train/…`) are looked through. Photos deeper down belong to the class above them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sightline.data.reading import naming
from sightline.data.reading.walk import Folder, Listing, within
from sightline.data.table import Dataset, Problem, sample_table
from sightline.errors import SightlineError


@dataclass
class _Parts:
    """A folder taken apart: what belongs to which split and class, and what to neither."""

    classes: list[tuple[str, Folder]] = field(default_factory=list)  # split ("" for none) and class folder
    aside: list[str] = field(default_factory=list)
    stray: list[str] = field(default_factory=list)  # photos that lie outside any class folder


def read_folder(listing: Listing, name: str) -> Dataset:
    """Make a dataset of a folder of class folders.

    Args:
        listing: what is in it; sample paths are relative to its root.
        name: what the dataset is called.

    Raises:
        SightlineError: it holds no photos, or holds them without class folders.
    """
    root, tree, problems = listing.root, listing.tree, listing.problems
    if not tree.count:
        seen = f" ({len(problems):,} things in it cannot be used, the first: {problems[0][0]!r})" if problems else ""
        raise SightlineError(f"{root}: no photos in it{seen}.\nGive a folder with one sub-folder of photos per class.")
    parts = _take_apart(tree)
    if not parts.classes:
        raise _no_classes(root, tree, parts)

    labels = {folder.path: unicodedata.normalize("NFC", folder.name) for _, folder in parts.classes}
    rows = [(path, labels[folder.path], split, "") for split, folder in parts.classes for path in folder.photos()]
    outside = "it lies outside every class folder"
    stray = [(path, "no class", outside, "left out") for path in sorted(parts.stray)]
    problems = [*problems, *stray, *_empty_classes(listing.empty, parts), *_odd_names(parts, labels)]
    return Dataset.assembled(name, root, sample_table(rows), problems, set_aside=sorted(parts.aside))


def _take_apart(tree: Folder) -> _Parts:
    parts = _Parts()
    base = _unwrap(tree, parts)
    labelled = _without_unlabelled(base, parts)
    if _is_split(labelled):
        parts.stray += [within(base.path, name) for name in base.files]
        for folder in labelled:
            split = naming.split_of(folder.name)
            if split and _is_nested(folder):
                _split_part(split, folder, parts)
            else:
                parts.aside.append(folder.path)
        _drop_unlabelled_dummies(parts)
    elif not all(naming.split_of(folder.name) for folder in labelled):
        parts.stray += [within(base.path, name) for name in base.files]
        parts.classes = [("", folder) for folder in labelled]
    return parts


def _unwrap(folder: Folder, parts: _Parts, inside: str = "") -> Folder:
    """Go down while a folder holds nothing but one other that is no class: it holds folders itself."""
    while not folder.files:
        labelled = [below for below in folder.folders if not naming.is_unlabelled(below.name)]
        if len(labelled) != 1:
            break
        (only,) = labelled
        doubled = only.name.casefold() == inside.casefold()
        if not doubled and (not _is_nested(only) or naming.split_of(only.name)):
            break
        parts.aside += [below.path for below in folder.folders if below is not only]
        folder = only
    return folder


def _is_nested(folder: Folder) -> bool:
    """Whether a folder's photos lie in folders below it, but for a few strays."""
    return folder.count > 2 * len(folder.files)


def _without_unlabelled(folder: Folder, parts: _Parts) -> list[Folder]:
    parts.aside += [below.path for below in folder.folders if naming.is_unlabelled(below.name)]
    return [below for below in folder.folders if not naming.is_unlabelled(below.name)]


def _is_split(folders: list[Folder]) -> bool:
    """Whether these are splits, not classes. One word alone may be a class (`bus`, `car`, `train`); two say it."""
    named = [folder for folder in folders if naming.split_of(folder.name)]
    others = [folder for folder in folders if not naming.split_of(folder.name)]
    if not any(_is_nested(folder) for folder in named):
        return False
    if len({naming.split_of(folder.name) for folder in named}) > 1 or not others:
        return True
    return len(others) == 1 and not _is_nested(others[0])


def _split_part(split: str, folder: Folder, parts: _Parts) -> None:
    inner = _unwrap(folder, parts, inside=folder.name)
    if not _is_nested(inner):
        parts.aside.append(folder.path)  # seg_test/seg_test/1.jpg: labelled by its name only
        return
    parts.stray += [within(inner.path, name) for name in inner.files]
    parts.classes += [(split, below) for below in _without_unlabelled(inner, parts)]


def _drop_unlabelled_dummies(parts: _Parts) -> None:
    """`test/images/1.jpg` beside real training classes: a folder that tools ask for, not a class."""
    trained = {folder.name for split, folder in parts.classes if split == "train"}
    if len(trained) < 2:
        return
    for split in ("val", "test"):
        folders = [folder for each, folder in parts.classes if each == split]
        if len(folders) == 1 and folders[0].name not in trained:
            parts.classes.remove((split, folders[0]))
            parts.aside.append(folders[0].path)


def _no_classes(root: Path, tree: Folder, parts: _Parts) -> SightlineError:
    if parts.aside and not tree.files:
        return SightlineError(
            f"{root}: nothing in it is labelled, only {', '.join(sorted(parts.aside))}.\n"
            "Give a folder with one sub-folder of photos per class."
        )
    first = next(tree.photos())
    return SightlineError(
        f"{root}: its {tree.count:,} photos lie flat, without class folders (the first: {first!r}).\n"
        "Put the photos of each class into a sub-folder of its name, or list them in a CSV with the columns path,label."
    )


def _empty_classes(empty: list[str], parts: _Parts) -> Iterator[Problem]:
    """Folders without photos, where classes stand: each may be a class whose photos went missing."""
    parents = {folder.path.rpartition("/")[0] for _, folder in parts.classes}
    for path in empty:
        if path.rpartition("/")[0] in parents:
            yield path, "no photos", "the folder has none, so it is no class", "passed over"


def _odd_names(parts: _Parts, labels: dict[str, str]) -> Iterator[Problem]:
    by_split: dict[tuple[str, str], str] = {}
    for split, folder in parts.classes:
        label = labels[folder.path]
        twin = by_split.setdefault((split, label), folder.path)
        if twin != folder.path and folder.path.rpartition("/")[0] == twin.rpartition("/")[0]:
            detail = f"its name and {twin!r} are the same letters stored in two ways: they are one class"
            yield folder.path, "alike names", detail, "kept"
    by_case: dict[str, set[str]] = {}
    for label in labels.values():
        by_case.setdefault(label.casefold(), set()).add(label)
    for variants in by_case.values():
        if len(variants) > 1:
            first, *rest = sorted(variants)
            others = " and ".join(repr(other) for other in rest)
            detail = f"{first!r} and {others} differ only in case: they stay classes of their own"
            yield first, "alike names", detail, "kept"
