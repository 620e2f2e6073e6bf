"""A folder taken apart: which of the folders in it are splits, which are classes, and which are neither.

Read from the names and the depth: `train/` with photos directly in it is a class of that name among others,
`train/cats/` is a split. Folders that only wrap others (`archive/flower_photos/…`, `seg_train/seg_train/…`) are looked
through. Splits may also lie inside the classes (`cats/train/`), and folds (`fold_1/cats/`) are pooled. Where folders
could be splits or classes, the person is asked rather than guessed at: a network trained to tell the training photos
from the test photos looks like any other.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

from sightline.data.reading import naming
from sightline.data.reading.walk import Folder, within
from sightline.data.table import Problem, shortened
from sightline.errors import SightlineError


@dataclass
class Parts:
    """What belongs to which split and class, and what to neither."""

    classes: list[tuple[str, str, Folder]] = field(default_factory=list)
    """Split ("" for none), class and folder."""
    aside: list[str] = field(default_factory=list)
    """Folders that carry no label."""
    stray: list[str] = field(default_factory=list)
    """Photos that lie outside every class folder."""
    problems: list[Problem] = field(default_factory=list)


class Unclear(SightlineError):
    """The folders could be splits or classes. The text says which, in words that follow the root."""


def take_apart(tree: Folder) -> Parts:
    """Say what each folder is.

    Raises:
        Unclear: some could be splits or classes.
    """
    parts = Parts()
    base = _unwrap(tree, parts)
    labelled = _without_unlabelled(base, parts)
    if _are_splits(labelled):
        _splits(base, labelled, parts)
    elif _are_folds(labelled):
        _folds(base, labelled, parts)
    elif _hold_splits(labelled):
        _splits_inside(base, labelled, parts)
    elif not all(naming.split_of(folder.name) for folder in labelled):
        _require_clear(labelled)
        parts.stray += [within(base.path, name) for name in base.files]
        parts.classes = [("", label_of(folder), folder) for folder in labelled]
    return parts


def label_of(folder: Folder) -> str:
    """The class that a folder stands for: the same letters make the same class however they are stored."""
    return unicodedata.normalize("NFC", folder.name)


def _unwrap(folder: Folder, parts: Parts, inside: str = "") -> Folder:
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


def _without_unlabelled(folder: Folder, parts: Parts) -> list[Folder]:
    parts.aside += [below.path for below in folder.folders if naming.is_unlabelled(below.name)]
    return [below for below in folder.folders if not naming.is_unlabelled(below.name)]


def _are_splits(folders: list[Folder]) -> bool:
    """Whether these are splits, not classes. One word alone may be a class (`bus`, `car`, `train`); two say it."""
    named = [folder for folder in folders if naming.split_of(folder.name)]
    others = [folder for folder in folders if not naming.split_of(folder.name)]
    if not any(_is_nested(folder) for folder in named):
        return False
    if len({naming.split_of(folder.name) for folder in named}) > 1 or not others:
        return True
    return len(others) == 1 and not _is_nested(others[0]) and others[0].name.casefold() not in _inside(named[0])


def _splits(base: Folder, folders: list[Folder], parts: Parts) -> None:
    parts.stray += [within(base.path, name) for name in base.files]
    for folder in folders:
        split = naming.split_of(folder.name)
        if split and _is_nested(folder):
            _split_part(split, folder, parts)
        elif not split and any(_alike(folder, other) for other in folders if naming.split_of(other.name)):
            detail = "it holds the same classes as the splits beside it, but its name is that of no split"
            parts.problems.append((folder.path, "no split", detail, "left out"))
        else:
            parts.aside.append(folder.path)
    _drop_unlabelled_dummies(parts)


def _split_part(split: str, folder: Folder, parts: Parts) -> None:
    inner = _unwrap(folder, parts, inside=folder.name)
    if not _is_nested(inner):
        parts.aside.append(folder.path)  # seg_test/seg_test/1.jpg: labelled by its name only
        return
    parts.stray += [within(inner.path, name) for name in inner.files]
    parts.classes += [(split, label_of(below), below) for below in _without_unlabelled(inner, parts)]


def _drop_unlabelled_dummies(parts: Parts) -> None:
    """`test/images/1.jpg` beside real training classes: a folder that tools ask for, not a class."""
    trained = {label for split, label, _ in parts.classes if split == "train"}
    if len(trained) < 2:
        return
    for split in ("val", "test"):
        here = [part for part in parts.classes if part[0] == split]
        if len(here) == 1 and here[0][1] not in trained:
            parts.classes.remove(here[0])
            parts.aside.append(here[0][2].path)


def _are_folds(folders: list[Folder]) -> bool:
    return len(folders) > 1 and all(naming.is_fold(folder.name) and _is_nested(folder) for folder in folders)


def _folds(base: Folder, folders: list[Folder], parts: Parts) -> None:
    parts.stray += [within(base.path, name) for name in base.files]
    for folder in folders:
        parts.stray += [within(folder.path, name) for name in folder.files]
        parts.classes += [("", label_of(below), below) for below in _without_unlabelled(folder, parts)]
    names = shortened([folder.name for folder in folders])
    parts.problems.append((base.path or ".", "folds", f"{names} are read as one dataset, which is split anew", "kept"))


def _hold_splits(folders: list[Folder]) -> bool:
    """Whether these are classes with the splits inside them: `cats/train/`, `cats/test/`."""
    nested = [folder for folder in folders if _is_nested(folder)]
    splits = {naming.split_of(below.name) for folder in nested for below in folder.folders}
    return len(splits) > 1 and "" not in splits


def _splits_inside(base: Folder, folders: list[Folder], parts: Parts) -> None:
    parts.stray += [within(base.path, name) for name in base.files]
    for folder in folders:
        below = folder.folders if _is_nested(folder) else []
        parts.classes += [(naming.split_of(split.name), label_of(folder), split) for split in below]
        flat = Folder(folder.path, folder.files, [] if below else folder.folders)
        if flat.count:
            parts.classes.append(("", label_of(folder), flat))


def _require_clear(folders: list[Folder]) -> None:
    """Stop where folders hold the same folders, or those of their siblings' names, or name both a class and a split."""
    for number, folder in enumerate(folders):
        alike = [other for other in folders[number + 1 :] if _alike(folder, other)]
        if alike:
            names = shortened([repr(each.name) for each in (folder, *alike)])
            shared = _inside(folder) & _inside(alike[0])
            held = shortened(sorted(below.name for below in folder.folders if _plain(below) in shared))
            raise Unclear(
                f"each of {names} holds the same folders ({held}). Are these splits or classes?\n"
                "If they are splits, call them train, val and test; if they are the classes, list the photos in a CSV "
                "with the columns path,label."
            )
        twins = [other for other in folders[number + 1 :] if _other_split(folder.name, other.name)]
        if twins:
            names = shortened([repr(each.name) for each in (folder, *twins)])
            raise Unclear(
                f"{names} are named for one class and for splits. Are these splits or classes?\n"
                "If they are splits, put them into folders called train, val and test, below these one folder for each "
                "class; if they are classes, give them other names."
            )
        siblings = [other.name for other in folders if other.name.casefold() in _inside(folder)]
        if naming.split_of(folder.name) and siblings:
            raise Unclear(
                f"{folder.name!r} holds folders named as those beside it ({shortened(siblings)}). Is it a split?\n"
                "If it is, put what lies beside it into a split too; if it is a class, give it another name."
            )


def _other_split(name: str, other: str) -> bool:
    """Whether two names are the same but for a split: cats_train and cats_test, "val - dogs" and "train - dogs"."""
    mine, theirs = naming.class_and_split(name), naming.class_and_split(other)
    return mine is not None and theirs is not None and mine[0] == theirs[0] and mine[1] != theirs[1]


def _alike(one: Folder, other: Folder) -> bool:
    """Whether two folders hold much the same folders: two or more, and at least half of all."""
    if not (_is_nested(one) and _is_nested(other)):
        return False
    mine, theirs = _inside(one), _inside(other)
    return len(mine & theirs) > 1 and 2 * len(mine & theirs) >= len(mine | theirs)


def _inside(folder: Folder) -> set[str]:
    return {_plain(below) for below in folder.folders}


def _plain(folder: Folder) -> str:
    return label_of(folder).casefold()


def _is_nested(folder: Folder) -> bool:
    """Whether a folder's photos lie in folders below it, but for a few strays."""
    return folder.count > 2 * len(folder.files)
