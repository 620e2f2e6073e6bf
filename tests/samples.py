"""Tables of samples that several tests draw."""

import hashlib

import numpy as np
import pandas as pd
from hypothesis import strategies as st


def photos(counts, given_split="", group="", prefix="", digest=True):
    """A samples table with `counts` photos of each class."""
    rows = [(f"{prefix}{label}/{i}.jpg", label, given_split, group) for label, n in counts.items() for i in range(n)]
    table = pd.DataFrame(rows, columns=["path", "label", "split", "group"])
    if digest:
        table["digest"] = [hashlib.sha256(path.encode()).hexdigest() for path in table["path"]]
    return table


def counts_of(samples, parts):
    return pd.crosstab(samples["label"], np.asarray(parts))


datasets = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 40), st.sampled_from(["", "", "", "g1", "g2", "g3", "g4"])),
    min_size=3,
    max_size=120,
)


def table_of(rows):
    samples = pd.DataFrame(
        [(f"{label}/{i}.jpg", label, "", group) for i, (label, _, group) in enumerate(rows)],
        columns=["path", "label", "split", "group"],
    )
    return samples, np.array([number for _, number, _ in rows])
