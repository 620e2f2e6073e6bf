"""Whether others use the machine."""

import pytest

from stand import machine


def test_the_share_of_others_leaves_our_own_work_out():
    before, after = (100.0, 1000.0), (112.0, 1020.0)
    assert machine.share(before, after) == pytest.approx(0.6)
    assert machine.share(before, after, own=11.0) == pytest.approx(0.05)
    assert machine.share(before, after, own=13.0) == 0.0  # rounding of the counters is no negative share
    assert machine.share(before, before) == 0.0


def test_the_counters_are_those_of_the_machine():
    worked, existed = machine.counters()
    assert 0 < worked < existed
    sum(range(2_000_000))
    later = machine.counters()
    assert later[1] >= existed and later[0] >= worked
    assert 0 <= machine.busy(0.05) <= 1


def test_facts_name_the_machine_without_its_name():
    facts = machine.facts()
    assert facts["cores"] >= 1 and facts["memory_gb"] >= 1 and facts["processor"]
