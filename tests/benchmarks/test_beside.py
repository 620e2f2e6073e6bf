"""The rates are measured with a neighbour that is really there, and the table says what is kept of the quiet ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import beside
from sightline.models import box, onnx_runtime


def test_the_table_says_what_is_kept() -> None:
    rates = {
        (work, how, there): [50.0, 30.0] if there else [100.0] * 2
        for work in beside.WORK
        for how in beside.POLICIES
        for there in (False, True)
    }
    lines = list(beside.table(rates))
    assert len(lines) == 1 + len(beside.WORK) * len(beside.POLICIES)
    assert lines[1] == "| learning | waiting threads sleep | 100.0 | 40.0 | 40% (30%–50%) |"


def test_the_neighbour_works_while_it_is_there_and_is_gone_afterwards() -> None:
    with beside.neighbour(False) as nobody:
        assert nobody is None
    with beside.neighbour(True) as process:
        assert process.poll() is None
    assert process.poll() is not None
    assert not Path(f"/proc/{process.pid}").exists() or os.name != "posix"


@pytest.mark.skipif(not box.installed() or not onnx_runtime.is_installed(), reason="the box or ONNX Runtime is missing")
@pytest.mark.parametrize("work", beside.WORK)
def test_both_kinds_of_work_have_a_rate(work: str, scenes: Path) -> None:
    assert beside.WORK[work](scenes, 0.05) > 0
