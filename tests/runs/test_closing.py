"""The last words of a run: what was kept and why, a cycle that was cut short."""

from __future__ import annotations

from pathlib import Path

import pytest

from sightline.config import Config, Phase
from sightline.recipes import resolve
from sightline.runs import closing
from sightline.runs.columns import METRICS
from sightline.runs.folder import RunFolder

PHASES = [Phase(name="probe", train="head", solver="lbfgs"), Phase(name="tune", epochs=2)]


def run_with(folder: Path, *rows: tuple[str, int, float, float]) -> RunFolder:
    """A run with these rows of metrics: phase, epoch, accuracy and loss on val."""
    run = RunFolder.create(folder)
    run.write_config(Config(phases=PHASES))
    full = [(phase, epoch, 0.5, 0.9, loss, accuracy, 1.0, 10.0) for phase, epoch, accuracy, loss in rows]
    run.write_metrics([dict(zip(METRICS, row, strict=True)) for row in full])
    return run


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [("probe", 1, 0.875, 0.4), ("tune", 1, 0.7, 0.9), ("tune", 2, 0.764, 0.8)],
            "Kept: the fitted head (probe), 87.5 % on val. tune: 76.4 % on val, did not beat 87.5 %.",
        ),
        (
            [("probe", 1, 0.8, 0.4), ("tune", 1, 0.9, 0.3), ("tune", 2, 0.85, 0.3)],
            "Kept: epoch 1 of 2 of tune, 90.0 % on val. The fitted head alone came to 80.0 %.",
        ),
        ([("tune", 1, 0.5, 1.0), ("tune", 2, 0.5, 0.9)], "Kept: epoch 2 of 2 of tune, 50.0 % on val."),
        (
            [("probe", 1, 0.9, 0.2), ("tune", 1, 0.9, 0.3)],
            "Kept: the fitted head (probe), 90.0 % on val. tune came to the same on val, less sure of what is right.",
        ),
        ([], ""),
    ],
)
def test_what_was_kept_and_why(rows: list, said: str, tmp_path: Path) -> None:
    assert closing.kept(run_with(tmp_path / "run", *rows)).replace("\N{NO-BREAK SPACE}", " ") == said


def test_a_cycle_that_is_cut_short_is_said() -> None:
    cyclical = [Phase(name="tune", schedule="cyclical", cycle_epochs=4, epochs=2)]
    (said,) = closing.cut_short(Config(phases=cyclical))
    assert "tune: 2 epochs end within a cycle of 4" in said
    assert "--set phases.0.cycle_epochs=2" in said
    assert closing.cut_short(Config(phases=[Phase(schedule="cyclical", cycle_epochs=2, epochs=4)])) == []
    assert closing.cut_short(resolve("default")) == []
