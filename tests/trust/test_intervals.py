"""Intervals against known truths and against statsmodels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar
from statsmodels.stats.proportion import proportion_confint

from sightline.trust.intervals import bootstrap, mcnemar, paired_bootstrap, wilson


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_that_of_statsmodels(counts):
    expected = proportion_confint(*counts, alpha=0.05, method="wilson")
    assert wilson(*counts) == pytest.approx(expected, abs=1e-12)


def test_wilson_holds_a_known_proportion_in_95_percent_of_1000_draws():
    truth, n = 0.93, 3000
    draws = np.random.default_rng(0).binomial(n, truth, 1000)
    held = sum(low <= truth <= high for low, high in (wilson(int(hits), n) for hits in draws))
    # 1,000 draws of a fair 95 % lie within these limits in 99.9 % of all experiments.
    assert 926 <= held <= 971


def test_wilson_at_the_ends():
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 10)[0] == 0.0 and 0.2 < wilson(0, 10)[1] < 0.3
    assert wilson(10, 10)[1] == 1.0 and 0.7 < wilson(10, 10)[0] < 0.8
    with pytest.raises(ValueError, match="successes"):
        wilson(5, 3)


def test_bootstrap_of_a_mean_agrees_with_its_known_error():
    values = np.random.default_rng(1).normal(5, 2, 900)
    low, high = bootstrap(lambda rows: values[rows].mean(), len(values))
    expected = 1.96 * values.std() / 30
    assert high - values.mean() == pytest.approx(expected, rel=0.15)
    assert values.mean() - low == pytest.approx(expected, rel=0.15)


def test_bootstrap_by_groups_sees_through_copies():
    once = np.random.default_rng(2).random(100) < 0.8
    values, groups = np.repeat(once, 9), np.repeat(np.arange(100), 9)
    low, high = bootstrap(lambda rows: values[rows].mean(), 900, groups)
    naive_low, naive_high = bootstrap(lambda rows: values[rows].mean(), 900)
    # Nine copies of each photo say no more than one: the honest interval is three times as wide.
    assert (high - low) / (naive_high - naive_low) == pytest.approx(3, rel=0.2)


def test_bootstrap_takes_arrays_and_repeats_itself():
    values = np.random.default_rng(3).random((50, 4))
    first = bootstrap(lambda rows: values[rows].mean(axis=0), 50, seed=7)
    again = bootstrap(lambda rows: values[rows].mean(axis=0), 50, seed=7)
    assert first[0].shape == (4,) and np.all(first[0] < first[1])
    assert np.array_equal(first, again)


def test_bootstrap_refuses_what_it_cannot_draw():
    with pytest.raises(ValueError, match="no samples"):
        bootstrap(lambda rows: 0.0, 0)
    with pytest.raises(ValueError, match="groups"):
        bootstrap(lambda rows: 0.0, 3, groups=[1, 2])


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 20), st.integers(0, 20))
def test_mcnemar_is_that_of_statsmodels(only_a, only_b, both, neither):
    a = np.repeat([True, False, True, False], [only_a, only_b, both, neither])
    b = np.repeat([False, True, True, False], [only_a, only_b, both, neither])
    expected = reference_mcnemar([[both, only_a], [only_b, neither]], exact=True).pvalue
    assert mcnemar(a, b) == pytest.approx(min(1.0, expected), abs=1e-9)


def test_paired_bootstrap_finds_a_planted_gain_and_no_other():
    generator = np.random.default_rng(4)
    a = generator.random(2000) < 0.90
    better = a | (generator.random(2000) < 0.3)
    difference, low, high = paired_bootstrap(a, better)
    assert 0 < low < difference < high and difference == pytest.approx(0.03, abs=0.012)
    _, low, high = paired_bootstrap(a, a.copy())
    assert low == high == 0
