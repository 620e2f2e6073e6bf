"""The rule of three answers, case by case."""

import numpy as np

from sightline.trust.decision import decide


def test_each_rule_in_its_order():
    p = np.array([[0.9, 0.1], [0.6, 0.4], [0.9, 0.1], [0.6, 0.4], [np.nan, np.nan]])
    sets = np.array([[1, 0], [1, 1], [1, 0], [1, 1], [1, 0]], dtype=bool)
    familiar = np.array([True, True, False, False, True])
    assert decide(p, sets, familiar).tolist() == ["answer", "unsure", "unfamiliar", "unfamiliar", "unsure"]
