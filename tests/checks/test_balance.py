"""Lopsided classes and shortcuts are named; an even dataset is left alone."""

import numpy as np
import pandas as pd

from sightline.checks.balance import check_balance


def samples(n: int = 120, **columns: object) -> pd.DataFrame:
    g = np.random.default_rng(0)
    table = pd.DataFrame({"label": np.where(np.arange(n) % 2, "sea", "forest")})
    table["width"] = table["height"] = 96
    table["format"], table["mode"], table["camera"] = "JPEG", "RGB", ""
    table["brightness"], table["bytes"] = g.normal(120, 20, n), g.integers(4000, 9000, n)
    return table.assign(**columns)


def test_nothing_where_classes_differ_in_content_alone() -> None:
    assert len(check_balance(samples(), ["forest", "sea"])) == 0


def test_each_shortcut_is_named_with_its_class() -> None:
    sea = (samples()["label"] == "sea").to_numpy()
    for column, value in {
        "format": np.where(sea, "PNG", "JPEG"),
        "camera": np.where(sea, "Canon", "Nikon"),
        "width": np.where(sea, 200, 96),
        "brightness": np.where(sea, 200.0, 90.0) + np.arange(120) % 7,
        "bytes": np.where(sea, 90_000, 9_000) + np.arange(120),
    }.items():
        found = check_balance(samples(**{column: value}), ["forest", "sea"])
        assert len(found) >= 1, column
        assert found["flagged"].any(), column
        assert (found["path"] == "").all()
        assert set(found["label"]) <= {"forest", "sea"}
    assert (
        "file format: " in check_balance(samples(format=np.where(sea, "PNG", "JPEG")), ["forest", "sea"])["detail"][0]
    )


def test_imbalance() -> None:
    labels = ["sea"] * 100 + ["forest"] * 20 + ["street"] * 5
    found = check_balance(pd.DataFrame({"label": labels}), ["forest", "sea", "street"]).set_index("label")
    assert found["flagged"].to_dict() == {"forest": False, "street": True}
    assert found.loc["forest", "detail"] == "20 photos against 100 of sea, 5.0 times as many"
    empty = check_balance(pd.DataFrame({"label": ["sea"] * 9}), ["forest", "sea"])
    assert empty[["label", "detail"]].values.tolist() == [["forest", "no photos at all"]]
