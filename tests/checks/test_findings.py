"""The findings table: its columns, its order, and what it refuses."""

import pytest

from sightline.checks import findings


def test_columns_and_types_also_when_empty() -> None:
    for table in (
        findings.table([]),
        findings.table([{"path": "a.jpg", "check": "leak", "score": 1, "flagged": True}]),
    ):
        assert tuple(table.columns) == findings.COLUMNS
        assert table["score"].dtype == float
        assert table["flagged"].dtype == bool
    assert table.loc[0, "suggested_label"] == ""


def test_worst_first_and_of_equal_scores_the_gravest_check() -> None:
    rows = [("b.jpg", "burst", 0.5), ("c.jpg", "duplicate", 1.0), ("a.jpg", "leak", 1.0), ("d.jpg", "label", 0.9)]
    parts = [findings.table([{"path": p, "check": c, "score": s}]) for p, c, s in rows]
    assert findings.joined(parts)["path"].tolist() == ["a.jpg", "c.jpg", "d.jpg", "b.jpg"]
    assert len(findings.joined([])) == 0


@pytest.mark.parametrize(
    "row", [{"check": "spelling"}, {"check": "leak", "score": 1.1}, {"check": "leak", "score": -0.1}]
)
def test_what_is_no_finding_is_refused(row: dict) -> None:
    with pytest.raises(ValueError, match=r"unknown checks|outside 0-1"):
        findings.table([row])
