"""What the headers of people's tables mean: which column is the photo, the label, the split, the group."""

from __future__ import annotations

from collections.abc import Sequence

_COLUMNS = {
    "path": (
        *("path", "file", "filename", "file_name", "filepath", "file_path", "image", "image_path", "img", "img_path"),
        *("photo", "images", "files", "image_name", "image_file", "image_id", "img_id", "id_code", "imageid", "id"),
    ),
    "label": (
        *("label", "class", "class_name", "target", "category", "labels", "classes", "y"),
        *("label_name", "classname", "category_name", "species", "breed", "variety", "diagnosis", "dx"),
    ),
    "split": ("split", "set", "subset", "partition", "usage", "phase", "stage", "fold", "kfold", "folds", "dataset"),
    "is_valid": ("is_valid", "is_val", "valid"),
    "is_test": ("is_test",),
    "is_train": ("is_train",),
    "group": ("group", "group_id", "patient", "patient_id", "subject", "subject_id"),
}
"""The headers that each column may have, the surest first; case, spaces and hyphens do not matter."""

_SURE = ("split", "set", "subset", "partition")


def names_splits(header: str) -> bool:
    """Whether a column of this name is for splits alone, so that a value that names none is a mistake.

    Under `fold`, `usage` or `dataset` it may also say something else.
    """
    return _plain(header) in _SURE


def columns(names: Sequence[str]) -> dict[str, int]:
    """Which of the columns `names` is the path, the label, the split, the group; those not found are not in it.

    `is_valid`, `is_test` and `is_train` are columns that say of each photo whether it is for that.
    """
    plain = [_plain(name) for name in names]
    found: dict[str, int] = {}
    for column, known in _COLUMNS.items():
        for header in known:
            if header in plain and plain.index(header) not in found.values():
                found[column] = plain.index(header)
                break
    return found


def is_known(name: str) -> bool:
    """Whether a column of this name can mean something."""
    return _plain(name) in _KNOWN


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


_KNOWN = frozenset(name for names in _COLUMNS.values() for name in names)
