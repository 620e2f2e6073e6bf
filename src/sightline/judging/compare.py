"""Is this run better than that one? Paired on the same test photos, with what it costs beside it.

Two accuracies with their own intervals say little about their difference: most photos are easy for both. Paired
figures look only at the photos on which the two disagree (Dietterich 1998). All runs are held against the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sightline.data.table import shortened
from sightline.errors import SightlineError, UsageError
from sightline.judging import claims
from sightline.judging.comparison import (
    Change,
    ClassChange,
    Compared,
    Comparison,
    Costs,
    Difference,
    Disagreement,
    Said,
)
from sightline.judging.figures import confusion, encode, evaluate, macro_f1, probability_table
from sightline.runs import ledger
from sightline.runs.documents.extras import Folds
from sightline.runs.folder import RunFolder
from sightline.system import regular, words
from sightline.trust import ranking
from sightline.trust.intervals import bootstrap, mcnemar, paired_bootstrap, paired_shares

_MOST_SHOWN = 48


def compare(runs: Sequence[RunFolder], draws: int = 1000) -> Comparison:
    """Hold finished runs against the first of them.

    Args:
        runs: two or more complete runs whose test photos are the same files with the same labels.
        draws: of the paired bootstrap over duplicate groups.

    Raises:
        UsageError: fewer than two runs, or the same run twice.
        SightlineError: a run is not complete, or their test photos, labels or classes differ; says how.
    """
    paths = [run.path.resolve() for run in runs]
    if len(runs) < 2:
        raise UsageError("compare needs two runs or more: sightline compare RUN RUN.")
    if len(set(paths)) < len(paths):
        raise UsageError("compare: the same run is given twice.")
    tables = _aligned(runs)
    classes = runs[0].known_dataset().classes
    groups = tables[0]["group"].to_numpy()
    opened = ledger.count(runs[0].path, tables[0]["digest"])
    names = [run.name if len({r.name for r in runs}) == len(runs) else str(run.path) for run in runs]
    judged = [_judged(table, classes) for table in tables]
    disagreed, shown = _disagreements(tables)
    return Comparison(
        disagreed=disagreed,
        disagreements=shown,
        n=len(tables[0]),
        classes=classes,
        test_opened=opened,
        warning=ledger.warning(opened),
        runs=tuple(_compared(name, run, table, classes) for name, run, table in zip(names, runs, tables, strict=True)),
        differences=tuple(
            _difference(names[0], name, judged[0], other, classes, groups, draws, 0.05 / (len(runs) - 1))
            for name, other in zip(names[1:], judged[1:], strict=True)
        ),
    )


def cost(run: RunFolder) -> Costs:
    """What a run cost. The time of folds counts where their networks are the model; otherwise they only measured.

    Raises:
        SightlineError: a file of the run is damaged.
    """
    metrics = run.metrics()
    folds = run.extra(Folds)
    if folds and folds.ensemble:
        each = [run.fold(number).metrics() for number in range(1, len(folds.accuracies) + 1)]
        metrics = pd.concat(each, ignore_index=True)
    rate = metrics["images_per_second"].median() if len(metrics) else float("nan")
    spent = metrics["seconds"].sum() if len(metrics) else float("nan")
    return Costs(
        parameters=_parameters(run),
        train_seconds=float(spent) if np.isfinite(spent) else None,
        images_per_second=float(rate) if np.isfinite(rate) else None,
    )


def _aligned(runs: Sequence[RunFolder]) -> list[pd.DataFrame]:
    """The test predictions of each run with digest and group, rows in one common order."""
    tables = [_test_table(run) for run in runs]
    base = tables[0]
    for run, table in zip(runs[1:], tables[1:], strict=True):
        pair = f"{runs[0].path} and {run.path}"
        first, other = runs[0].known_dataset().classes, run.known_dataset().classes
        if first != other:
            ours, theirs = set(first), set(other)
            raise SightlineError(
                f"{pair} have different classes: {shortened(sorted(ours - theirs)) or 'none'} only in the first, "
                f"{shortened(sorted(theirs - ours)) or 'none'} only in the second. Compare runs on the same classes."
            )
        only_base, only_other = base.index.difference(table.index), table.index.difference(base.index)
        if len(only_base) or len(only_other):
            example = base.loc[only_base[:1], "path"] if len(only_base) else table.loc[only_other[:1], "path"]
            both = len(base.index.intersection(table.index))
            raise SightlineError(
                f"{pair} were judged on different test photos: {both:,} in both, {len(only_base):,} only in the first, "
                f"{len(only_other):,} only in the second (such as {example.iloc[0]}).\n"
                "Train both on the same data with the same --split-seed."
            )
        relabelled = base["label"] != table["label"].reindex(base.index)
        if relabelled.any():
            raise SightlineError(
                f"{pair} were judged against different labels: {int(relabelled.sum()):,} of {len(base):,} photos, "
                f"such as {base.loc[relabelled, 'path'].iloc[0]}.\n"
                "Train both with the same labels and the same --decisions."
            )
    return [table.reindex(base.index) for table in tables]


def _test_table(run: RunFolder) -> pd.DataFrame:
    predictions = run.predictions()
    run.known_evaluation()
    samples = run.samples()
    if not len(predictions) or not len(samples) or "split" not in predictions or "digest" not in samples:
        raise run.incomplete
    samples = samples.drop_duplicates("path")
    known = pd.DataFrame({"path": samples["path"], "digest": samples["digest"]})
    known["group"] = samples["duplicate_group"] if "duplicate_group" in samples else samples["digest"]
    test = predictions[predictions["split"] == "test"].merge(known, on="path", how="inner")
    if not len(test):
        raise SightlineError(f"{run.path}: its predictions are of other photos than its samples. Train again.")
    test = test.sort_values(["digest", "label", "path"])
    # The same file may lie in the test part twice: its copies are told apart by their order.
    copy = test.groupby("digest").cumcount()
    return test.set_index(pd.MultiIndex.from_arrays([test["digest"], copy], names=["key", "copy"]))


def _disagreements(tables: Sequence[pd.DataFrame]) -> tuple[int, tuple[Disagreement, ...]]:
    """How many photos some runs got right and others not, and those on which they were surest of different things."""
    label = tables[0]["label"].astype(str).to_numpy()
    said = np.array([table["predicted"].astype(str).to_numpy() for table in tables])
    sure = np.array([_confidence(table) for table in tables])
    right = said == label
    apart = np.flatnonzero(right.any(axis=0) & ~right.all(axis=0))
    heat = np.where(right, sure, 0).max(axis=0) + np.where(right, 0, sure).max(axis=0)
    chosen = apart[np.argsort(-heat[apart], kind="stable")][:_MOST_SHOWN]
    paths = tables[0]["path"].astype(str).to_numpy()
    shown = tuple(
        Disagreement(
            path=paths[i],
            label=label[i],
            said=tuple(
                Said(predicted=said[run, i], confidence=min(1.0, float(sure[run, i]))) for run in range(len(tables))
            ),
        )
        for i in chosen
    )
    return len(apart), shown


def _confidence(table: pd.DataFrame) -> NDArray[np.float64]:
    columns = [name for name in table if str(name).startswith("p_")]
    return np.asarray(table[columns].to_numpy(dtype=np.float64).max(axis=1))


def _compared(name: str, run: RunFolder, table: pd.DataFrame, classes: Sequence[str]) -> Compared:
    found = evaluate(table, classes)
    return Compared(
        name=name,
        accuracy=found.accuracy,
        accuracy_ci95=found.accuracy_ci95,
        macro_f1=found.macro_f1,
        log_loss=found.log_loss,
        ece=found.ece,
        **vars(cost(run)),
    )


@dataclass(frozen=True)
class _Judged:
    """The answers of one run, photo by photo; all (n,)."""

    truth: NDArray[np.intp]
    predicted: NDArray[np.intp]
    right: NDArray[np.bool_]
    loss: NDArray[np.float64]


def _judged(table: pd.DataFrame, classes: Sequence[str]) -> _Judged:
    truth, predicted = encode(table, classes)
    p = probability_table(table, classes)
    loss = -np.log(np.maximum(p[np.arange(len(truth)), truth], 1e-12))
    return _Judged(truth, predicted, truth == predicted, loss)


def _difference(
    first: str, name: str, a: _Judged, b: _Judged, classes: Sequence[str], groups: Any, draws: int, level: float
) -> Difference:
    truth, k = a.truth, len(classes)

    def f1_gain(rows: Any) -> float:
        ours, theirs = (confusion(truth[rows], side.predicted[rows], k) for side in (a, b))
        return float(macro_f1(theirs) - macro_f1(ours))

    f1_low, f1_high = bootstrap(f1_gain, len(truth), groups, draws)
    accuracy = _paired(a.right, b.right, groups, draws)
    loss = paired_bootstrap(a.loss, b.loss, groups, draws)
    p = mcnemar(a.right, b.right)
    # The test takes photos for independent; the bootstrap over duplicate groups does not. Both must agree. The level is
    # shared out over the runs that are held against the first: among many, one always looks better.
    chance = bool(p >= level or accuracy[1] <= 0 <= accuracy[2])
    only_first, only_this = int((a.right & ~b.right).sum()), int((b.right & ~a.right).sum())
    times = ranking.events_to_part(max(only_first, only_this), min(only_first, only_this), level) if chance else None
    per_class = {}
    for i, label in enumerate(classes):
        member = truth == i
        if member.any():
            ours, theirs = a.right[member], b.right[member]
            gain, low, high = _paired(ours, theirs, groups[member], draws)
            p_class = mcnemar(ours, theirs)
            per_class[label] = ClassChange(
                n=int(member.sum()),
                gained=int((theirs & ~ours).sum()),
                lost=int((ours & ~theirs).sum()),
                difference=gain,
                ci95=(low, high),
                p=p_class,
                clear=bool(p_class < level / k),
            )
    return Difference(
        name=name,
        against=first,
        accuracy=Change(difference=accuracy[0], ci95=accuracy[1:]),
        macro_f1=Change(difference=f1_gain(np.arange(len(truth))), ci95=(float(f1_low), float(f1_high))),
        log_loss=Change(difference=loss[0], ci95=loss[1:]),
        only_first=only_first,
        only_this=only_this,
        p=p,
        chance=chance,
        verdict=_verdict(first, name, accuracy, p, chance, per_class, claims.photos(times, len(truth))),
        per_class=per_class,
    )


def _paired(ours: NDArray[np.bool_], theirs: NDArray[np.bool_], groups: Any, draws: int) -> tuple[float, float, float]:
    """The difference of two shares of right answers with its interval: the bootstrap's, and none narrower than that for
    independent photos, since the bootstrap calls a difference of nothing certain."""
    gain, low, high = paired_bootstrap(ours, theirs, groups, draws)
    below, above = paired_shares(int((theirs & ~ours).sum()), int((ours & ~theirs).sum()), len(ours))
    return gain, min(low, below), max(high, above)


def _verdict(
    first: str,
    name: str,
    accuracy: Any,
    p: float,
    chance: bool,
    per_class: dict[str, ClassChange],
    wanted: str,
) -> str:
    gain, low, high = accuracy
    figures = f"{words.points(gain)} points ({words.points(low)} to {words.points(high)}, {words.p_value(p)})"
    if chance:
        more = f"; {wanted} would tell" if wanted else ""
        text = f"{name} against {first}: {figures}. The difference could be chance{more}."
    else:
        text = f"{name} is {'better' if gain > 0 else 'worse'} than {first}: {figures}."
    for word, sign in (("gained", 1), ("lost", -1)):
        moved = [label for label, row in per_class.items() if row.clear and row.difference * sign > 0]
        if moved:
            text += f" Clearly {word}: {', '.join(moved)}."
    return text


def _parameters(run: RunFolder) -> int | None:
    from safetensors import SafetensorError, safe_open

    files = sorted(run.model.glob("member-*/model.safetensors")) or [run.model / "model.safetensors"]
    shapes: list[tuple[str, list[int]]] = []
    try:
        for file in files:
            regular.require(file)
            with safe_open(file, "np") as weights:
                shapes += [(name, weights.get_slice(name).get_shape()) for name in weights.keys()]  # noqa: SIM118
    except (OSError, SafetensorError, SightlineError):
        return None
    learnt = [s for n, s in shapes if not n.endswith(("running_mean", "running_var", "num_batches_tracked"))]
    return int(sum(int(np.prod(shape)) for shape in learnt))
