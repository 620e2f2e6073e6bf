"""JSON that is read back: each file is one typed document, checked as it is read, written from the same type.

A document may have been cut short, edited or handed over by a stranger. So it is read only where it is a regular file
of a sane size, parsed by a parser that bounds how deep it nests, and held to its type. Whatever is wrong becomes one
plain line that names the file and the field.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from sightline.errors import SightlineError
from sightline.system import regular
from sightline.system.files import write_json
from sightline.system.words import quoted

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Interval = tuple[float, float]
Text = Annotated[str, Field(max_length=100_000)]

MOST_CLASSES = 100_000


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise ValueError(f"names the class {quoted(twice)} twice")
    if not all(names):
        raise ValueError("names a class without a name")
    return names


Classes = Annotated[
    tuple[Annotated[str, Field(max_length=4096)], ...],
    Field(min_length=1, max_length=MOST_CLASSES),
    AfterValidator(_distinct),
]
"""Class names in the order of the outputs: each once, none empty."""


class Document(BaseModel):
    """What one JSON file holds. Numbers are finite; what a later version adds is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, validate_by_name=True)

    most_bytes: ClassVar[int] = 32 << 20
    """The largest file that is read as this document."""

    @classmethod
    def parse(cls, data: bytes, origin: str | Path) -> Self:
        """The document in the bytes of a file.

        Args:
            data: JSON.
            origin: the file, for the message.

        Raises:
            SightlineError: it is no such document; says which field is wrong.
        """
        try:
            return cls.model_validate_json(data, strict=True)
        except ValidationError as error:
            raise SightlineError(f"{origin}: is damaged: {_plain(error)}.") from error

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """The document in a file.

        Raises:
            SightlineError: it cannot be read, or is no such document.
        """
        return cls.parse(regular.content(path, cls.most_bytes), path)

    def write(self, path: str | Path) -> None:
        """Write it, whole or not at all.

        Raises:
            SightlineError: the disk is full or the folder cannot be written.
        """
        write_json(path, self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return self.model_dump(mode="json", by_alias=True)


D = TypeVar("D", bound=Document)


def read_if_there(kind: type[D], path: Path) -> D | None:
    """The document in a file; None where there is no file, or an empty object that says that nothing was measured.

    Raises:
        SightlineError: it cannot be read, or is no such document.
    """
    if not path.exists() and not path.is_symlink():
        return None
    data = regular.content(path, kind.most_bytes)
    return None if data.strip() == b"{}" else kind.parse(data, path)


_SAID = {
    "missing": "is missing",
    "extra_forbidden": "is not known",
    "finite_number": "should be a finite number",
    "string_unicode": "is not valid Unicode",
}


def _plain(error: ValidationError) -> str:
    """The first thing that is wrong, in plain words: "calibration.temperature should be greater than 0"."""
    first: ErrorDetails = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part)[:80] for part in first["loc"])
    if first["type"] == "json_invalid":
        return "it is no JSON" + (", or nests too deeply" if "recursion" in first["msg"] else "")
    said = _SAID.get(first["type"]) or re.sub(r"^(Value error, |Input )", "", first["msg"])
    return f"{place or 'the whole'} {said}".rstrip(".")
