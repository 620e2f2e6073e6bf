"""What names mean in a folder of photos: splits, unlabelled parts, clutter that is never a sample, image files."""

from __future__ import annotations

from pathlib import PurePosixPath

IMAGE_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".dib", ".gif"),
        *(".heic", ".heif", ".hif", ".avif", ".ppm", ".pgm", ".pbm", ".pnm"),
    }
)
"""Files so named are samples; whether they really are pictures is for preflight to find out."""

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")
"""Files so named are tables, which may list photos and their labels."""

_SIDECAR_SUFFIXES = frozenset(
    {
        *TABLE_SUFFIXES,
        *(".txt", ".json", ".md", ".rst", ".xml", ".yaml", ".yml", ".toml", ".html", ".htm", ".log", ".ini", ".cfg"),
        *(".db", ".py", ".ipynb", ".md5", ".sha1", ".sha256", ".url", ".lnk"),
        *(".aae", ".xmp"),  # what phones and photo editors note beside a photo
    }
)
_SIDECAR_STEMS = frozenset(
    {"license", "licence", "readme", "notice", "copying", "citation", "authors", "changelog", "makefile"}
)

# What systems leave behind beside people's files.
_CLUTTER = frozenset(
    {
        *("thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information"),
        *("__macosx", "@eadir", "lost+found", "__pycache__"),
    }
)

_SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
_UNLABELLED = frozenset(
    {"pred", "predict", "prediction", "predictions", "unlabelled", "unlabeled", "unsup", "unsupervised"}
)


def is_clutter(name: str) -> bool:
    """Whether a file or folder of this name is passed over without a word: hidden, or left by a system."""
    return name.startswith(".") or name.casefold() in _CLUTTER


def is_image(name: str) -> bool:
    """Whether a file's name says that it is a photo."""
    return PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES


def is_table(name: str) -> bool:
    """Whether a file's name says that it is a table."""
    return PurePosixPath(name).suffix.lower() in TABLE_SUFFIXES


def is_sidecar(name: str) -> bool:
    """Whether a file's name says that it is a text or table of the kind that people keep beside photos."""
    path = PurePosixPath(name)
    return path.suffix.lower() in _SIDECAR_SUFFIXES or path.stem.casefold() in _SIDECAR_STEMS


def split_of(name: str) -> str:
    """The split that a folder or a value of a `split` column names: "train", "val", "test", or "" for none.

    Case does not matter, nor does the `seg_` that Kaggle's scenes put in front.
    """
    return _SPLITS.get(_plain(name), "")


def is_unlabelled(name: str) -> bool:
    """Whether a folder or a value of a `split` column says that its photos carry no label."""
    return _plain(name) in _UNLABELLED


def _plain(name: str) -> str:
    return name.strip().casefold().removeprefix("seg_")
