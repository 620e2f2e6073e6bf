"""Whether a classifier can come of a dataset, as it is after the preflight."""

from __future__ import annotations

from sightline.data.table import DROPPED, SPLITS, Dataset, shortened
from sightline.errors import SightlineError
from sightline.system.processes import limit_of_memory
from sightline.system.words import quoted

_FEWEST = 3


def require_usable(dataset: Dataset) -> None:
    """Stop where no classifier can come of a dataset.

    Raises:
        SightlineError: no photos at all, none that could be read, one class only, a class with fewer than three
            photos, or without any in one of the splits that the dataset brings.
    """
    samples, where = dataset.samples, dataset.root
    if samples.empty:
        out = dataset.problems[dataset.problems["action"] == "left out"]
        if out.empty:
            raise SightlineError(f"{where}: no photos. Give a folder with one sub-folder of photos per class.")
        kinds = out["problem"].value_counts()
        reasons = ", ".join(f"{count:,} {problem}" for problem, count in kinds.items())
        first = out.iloc[0]
        why = f"The first: {quoted(first['path'])}: {first['detail']}."
        if len(out) > 1 and set(kinds.index) == {"crash"}:  # damaged photos do not all damage alike
            why = (
                "The decoder broke down over each. That is hardly the photos' doing: look for too little memory."
                + limit_of_memory()
            )
        raise SightlineError(f"{where}: none of its {out['path'].nunique():,} photos could be used ({reasons}).\n{why}")
    if len(dataset.classes) < 2:
        unused = dataset.problems[dataset.problems["problem"] == "not used"]
        beside = [f"The table beside it, {row.path}, was not used: {row.detail}" for row in unused.itertuples()]
        raise SightlineError(
            f"{where}: only one class, {quoted(dataset.classes[0])}."
            " A classifier needs two or more sub-folders of photos." + "".join(f"\n{line}" for line in beside[:1])
        )
    counts = samples["label"].value_counts().reindex(dataset.classes, fill_value=0)
    few = counts[counts < _FEWEST]
    if len(few):
        out = dataset.problems[dataset.problems["action"] == "left out"]
        lost: list[str] = []
        for count, reason in (
            (out.loc[out["problem"] == DROPPED, "path"].nunique(), "dropped by the decisions"),
            (out.loc[out["problem"] != DROPPED, "path"].nunique(), "left out as bad"),
        ):
            lost += [f"{count:,} file{'s were' if count > 1 else ' was'} {reason}"] if count else []
        why = f" ({' and '.join(lost)})" if lost else ""
        names = [f"class {quoted(name)} has {count} usable photo{'s' * (count != 1)}" for name, count in few.items()]
        raise SightlineError(
            f"{where}: {shortened(names, what='classes')}; each class needs {_FEWEST} or more{why}.\n"
            "Add photos to it, or take the class out of the dataset."
        )
    given = [split for split in SPLITS if (samples["split"] == split).any()]
    for split in given:
        part = samples.loc[samples["split"] == split, "label"].value_counts().reindex(dataset.classes, fill_value=0)
        lacking = [quoted(name) for name in part[part == 0].index]
        if lacking:
            raise SightlineError(
                f"{where}: the {split} part has no usable photo of {shortened(lacking)}.\n"
                "Put some there, or take the given parts away to have the photos split anew."
            )
