"""One document type for writer and reader; whatever is wrong with a file is one line that names it and the field."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from sightline.errors import SightlineError
from sightline.system.documents import Classes, Count, Document, Share, read_if_there


class Inner(Document):
    share: Share


class Sample(Document):
    most_bytes: ClassVar[int] = 10_000

    classes: Classes
    count: Count = 0
    inner: Inner | None = None
    rows: tuple[tuple[float, ...], ...] = ()
    named: Annotated[float, Field(alias="from")] = 0.0


GOOD = {"classes": ["a", "b"]}


def test_what_is_written_is_read_back_in_the_form_of_json(tmp_path: Path) -> None:
    value = Sample(classes=("é", "b"), count=3, inner=Inner(share=0.5), rows=((1.0, 2.0),), named=2.5)
    value.write(tmp_path / "a.json")
    assert Sample.read(tmp_path / "a.json") == value
    assert json.loads((tmp_path / "a.json").read_text()) == {
        "classes": ["é", "b"], "count": 3, "inner": {"share": 0.5}, "rows": [[1.0, 2.0]], "from": 2.5,
    }  # fmt: skip


def test_what_a_later_version_adds_is_passed_over() -> None:
    assert Sample.parse(json.dumps({**GOOD, "new": [1]}).encode(), "a.json").classes == ("a", "b")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"classes": ["a", "a"]}, r"classes names the class 'a' twice"),
        ({"classes": ["a", ""]}, r"classes names a class without a name"),
        ({"classes": []}, r"classes .*at least 1"),
        ({"classes": "ab"}, r"classes should be a valid array"),
        ({"classes": ["a", 5]}, r"classes\.1 should be a valid string"),
        ({"classes": ["a", "b" * 5000]}, r"classes\.1"),
        ({"count": -1}, r"count should be greater than or equal to 0"),
        ({"count": "3"}, r"count should be a valid integer"),
        ({"count": True}, r"count should be a valid integer"),
        ({"inner": {"share": 1.5}}, r"inner\.share should be less than or equal to 1"),
        ({"inner": {}}, r"inner\.share is missing"),
        ({"inner": []}, r"inner should be an object"),
    ],
)
def test_the_field_that_is_wrong_is_named(changed: dict, said: str) -> None:
    with pytest.raises(SightlineError, match=rf"^a\.json: is damaged: {said}") as caught:
        Sample.parse(json.dumps({**GOOD, **changed}).encode(), "a.json")
    assert "\n" not in str(caught.value) and "pydantic" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "5", "null", '"x"', "\ufeff{}", "{" + '"a":[' * 100_000, "[" * 1_000_000, "\x00",
        '{"classes": ["a", "\\ud800"]}', '{"classes": ["a", "b"], "count": 1e400}',
        '{"classes": ["a", "b"], "inner": {"share": NaN}}', '{"classes": ["a", "b"], "inner": {"share": 1e400}}',
        '{"classes": ["a", "b"], "count": ' + "9" * 50_000 + "}", '{"classes": ["a", "b"], "rows": [[Infinity]]}',
    ],
)  # fmt: skip
def test_what_is_no_such_document_is_one_plain_line(text: str) -> None:
    with pytest.raises(SightlineError, match=r"^a\.json: is damaged: ") as caught:
        Sample.parse(text.encode("utf-8", "surrogatepass"), "a.json")
    assert len(str(caught.value)) < 300 and "\n" not in str(caught.value)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_document_or_one_plain_line(data: bytes) -> None:
    try:
        Sample.parse(data, "a.json")
    except SightlineError as error:
        assert str(error).startswith("a.json: is damaged: ")


def test_only_a_regular_file_of_a_sane_size_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.json")
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    with open(tmp_path / "sparse.json", "wb") as file:
        file.truncate(3 << 30)
    for name, said in (("fifo", "FIFO"), ("zero", "device"), ("sparse", "the limit is")):
        with pytest.raises(SightlineError, match=said):
            Sample.read(tmp_path / f"{name}.json")
        with pytest.raises(SightlineError, match=said):
            read_if_there(Sample, tmp_path / f"{name}.json")


def test_what_is_not_there_or_was_not_measured_is_none(tmp_path: Path) -> None:
    assert read_if_there(Sample, tmp_path / "a.json") is None
    (tmp_path / "a.json").write_text("{}\n")
    assert read_if_there(Sample, tmp_path / "a.json") is None
    (tmp_path / "gone.json").symlink_to("nowhere")
    with pytest.raises(SightlineError, match="a link to a file that is not there"):
        read_if_there(Sample, tmp_path / "gone.json")
