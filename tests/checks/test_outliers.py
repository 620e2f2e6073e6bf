"""What lies far from everything is an outlier; a copy is no company."""

import numpy as np
import pandas as pd

from sightline.checks.outliers import check_outliers, outlyingness


def clouds(n: int = 300) -> np.ndarray:
    g = np.random.default_rng(0)
    centre = g.normal(size=(3, 30))
    return (centre[np.arange(n) % 3] * 2 + g.normal(size=(n, 30)) * 0.4).astype(np.float32)


def test_strangers_are_found_and_nothing_else() -> None:
    strangers = np.random.default_rng(1).normal(size=(4, 30)).astype(np.float32) * 2
    values = np.concatenate([clouds(), strangers])
    samples = pd.DataFrame({"path": [f"{i}" for i in range(len(values))], "label": "x"})
    found = check_outliers(samples, values, np.arange(len(values)))
    assert set(found[found["flagged"]]["path"]) == {"300", "301", "302", "303"}
    assert found["detail"].str.startswith("unlike the others").all()


def test_copies_do_not_make_a_stranger_usual() -> None:
    stranger = np.random.default_rng(1).normal(size=(1, 30)).astype(np.float32) * 2
    values = np.concatenate([clouds(), np.repeat(stranger, 4, axis=0)])
    groups = np.concatenate([np.arange(300), np.full(4, 300)])
    scores, nearest = outlyingness(values, groups)
    assert (scores[300:] >= 0.8).all()
    assert (nearest[300:] < 300).all()


def test_too_few_to_say() -> None:
    assert not outlyingness(clouds(20), np.arange(20))[0].any()
