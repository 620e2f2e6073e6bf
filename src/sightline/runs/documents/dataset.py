"""RUN/dataset.json: what a run knows of its data beside the samples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from sightline.data.decoding.deep import White
from sightline.system.documents import Classes, Count, Document, Text


def _a_path(text: str) -> str:
    if "\0" in text:
        raise ValueError("is no path")
    return text


class DatasetFacts(Document):
    """Name, place and classes of the dataset, and facts about its split."""

    name: Text
    root: Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_a_path)]
    """The absolute path that the samples' paths are relative to."""
    classes: Classes
    set_aside: tuple[Text, ...] = ()
    """The unlabelled parts, which were left alone."""
    splits_given: bool = False
    white: White | None = None
    """Of the 16-bit photos (data/decoding/deep.py); None where there are none."""
    duplicates: Count = 0
    """Photos that are copies or near copies of others."""
    duplicate_groups: Count = 0
    leaks: Count = 0
    """Test photos that have a twin in train or val."""
    left_out: Count = 0
    """Files that could not be used."""

    @property
    def folder(self) -> Path:
        """`root` as a path."""
        return Path(self.root)
