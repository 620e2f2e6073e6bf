"""The whole audit on a small drawn set with planted faults: what was planted is found, and the data is left alone."""

import hashlib
import html
from pathlib import Path

import pandas as pd
import pytest

from sightline.checks.decisions import apply_decisions, read_decisions
from sightline.checks.findings import COLUMNS
from sightline.data.reading.sources import open_dataset
from sightline.errors import UsageError
from sightline.scenes.write import Faults, Planted, write_scenes
from sightline.tasks import audit as task

FAULTS = Faults(duplicates=3, near_duplicates=12, conflicts=4, leaks=4, corrupt=4)


def tree(root: Path) -> str:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return hashlib.sha256(b"".join(str(path).encode() + path.read_bytes() for path in files)).hexdigest()


def together(links: pd.DataFrame) -> set[frozenset[str]]:
    """The sets of photos that the rows' path and twin join."""
    sets: list[set[str]] = []
    for pair in zip(links["path"], links["twin"], strict=True):
        joined = set(pair).union(*(each for each in sets if each & set(pair)))
        sets = [each for each in sets if not each & joined] + [joined]
    return {frozenset(each) for each in sets}


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> tuple[Planted, task.Audit, bool]:
    folder = tmp_path_factory.mktemp("audit")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGHTLINE_CACHE", str(folder / "cache"))
        patch.setattr(task, "_can_be_had", lambda name: False)  # what it says without any network
        splits = {"train": 0.7, "val": 0.15, "test": 0.15}
        planted = write_scenes(folder / "scenes", 20, 96, 1, FAULTS, splits=splits, workers=1)
        before = tree(folder / "scenes")
        found = task.audit(folder / "scenes", folder / "out", img_size=96, workers=1)
        return planted, found, before == tree(folder / "scenes")


def test_everything_planted_is_found_and_nothing_else(audited: tuple[Planted, task.Audit, bool]) -> None:
    planted, audit, unchanged = audited
    found = audit.findings
    assert unchanged, "an audit must not change the data"
    for fault, check in {"duplicate": "duplicate", "near-duplicate": "near-duplicate", "corrupt": "file"}.items():
        rows = found[found["check"] == check]
        assert set(planted.of(fault)["path"]) <= {*rows["path"], *rows["twin"]}, fault
    for fault in ("conflict", "leak"):
        rows = found[found["check"] == fault]
        truth = planted.of(fault)
        assert set(truth["path"]) <= {*rows["path"], *rows["twin"]}, fault
        assert set(rows["path"]) <= {*truth["path"], *truth["twin"]}, fault
    # Of three copies of one photo the third may name the second: what counts is who belongs together.
    copies = planted.table[(planted.table["twin"] != "") & (planted.table["fault"] != "corrupt")]
    linked = found[found["check"].isin(["duplicate", "near-duplicate"])]
    assert together(linked) == together(copies)


def test_the_tables_and_the_page_say_the_same(audited: tuple[Planted, task.Audit, bool]) -> None:
    _, audit, _ = audited
    out = audit.page.parent
    table = pd.read_csv(out / "findings.csv", keep_default_na=False)
    assert tuple(table.columns) == COLUMNS == tuple(pd.read_parquet(out / "findings.parquet").columns)
    assert table["score"].is_monotonic_decreasing
    page = audit.page.read_text()
    assert audit.summary[0] in page
    assert "also stand in training" in audit.summary[0] or "also stands in training" in audit.summary[0]
    assert task.BLIND in audit.summary, "without a network it says what it could not check"
    for path in table.loc[table["check"] == "leak", "path"]:
        assert f'data-path="{path}"' in page


def test_an_audit_shows_itself_in_a_notebook(audited: tuple[Planted, task.Audit, bool]) -> None:
    _, audit, _ = audited
    shown = audit._repr_html_()
    assert html.escape(audit.summary[0]) in shown and "audit.html" in shown
    assert "<table>" in shown and "data:image/jpeg" in shown
    assert len(shown) < 1_000_000 and "<script" not in shown
    assert repr(audit).startswith(f"Audit({len(audit.dataset.samples):,} photos, ")


def test_decisions_from_the_table_can_be_applied(audited: tuple[Planted, task.Audit, bool], tmp_path: Path) -> None:
    _, audit, _ = audited
    leaks = audit.findings.loc[audit.findings["check"] == "leak", "path"]
    leaks.to_frame().assign(decision="drop").to_csv(tmp_path / "decisions.csv", index=False)
    dataset = open_dataset(str(audit.dataset.root))
    kept = apply_decisions(dataset, read_decisions(tmp_path / "decisions.csv"))
    assert len(kept.samples) == len(dataset.samples) - leaks.nunique()


def test_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        task.audit(tmp_path, tmp_path / "full")
    with pytest.raises(UsageError, match="one of the two"):
        task.audit(tmp_path, tmp_path / "new", weights="w", run="r")
