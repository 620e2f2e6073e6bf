"""An audit in a few sentences, the gravest first: what a person should know before they look at a single photo."""

from __future__ import annotations

import pandas as pd


def sentences(found: pd.DataFrame, samples: pd.DataFrame) -> list[str]:
    """What the flagged findings say, in plain sentences; at least one.

    Args:
        found: a table of findings. samples: the photos they are about: path, split.
    """
    flagged = found[found["flagged"]]
    said = []
    split = samples.set_index("path")["split"]
    leaks = flagged[flagged["check"] == "leak"].drop_duplicates("path")
    for part in ("test", "val"):
        leaked = leaks[leaks["path"].map(split) == part]
        if n := len(leaked):
            homes = {"train": "training", "val": "validation", "test": "the test part"}
            there = [name for home, name in homes.items() if (leaked["twin"].map(split) == home).any()]
            whole = int((samples["split"] == part).sum())
            said.append(f"{n:,} of {whole:,} {_PART[part]} photos also {_stand(n)} in {' or '.join(there)}.")
    count = flagged.drop_duplicates(["check", "path"])["check"].value_counts()
    if n := count.get("conflict", 0):
        said.append(f"{n:,} photos are there under two labels.")
    if n := count.get("label", 0):
        said.append(f"{n:,} of {len(samples):,} labels look wrong.")
    copies = int(count.get("duplicate", 0) + count.get("near-duplicate", 0))
    if copies:
        said.append(f"{copies:,} {_photos(copies)} {_are(copies)} {'a copy' if copies == 1 else 'copies'} of another.")
    if n := count.get("burst", 0):
        said.append(f"{n:,} {_photos(n)} of series of one scene {_are(n)} in two parts.")
    if n := count.get("file", 0):
        said.append(f"{n:,} {'file' if n == 1 else 'files'} cannot be used.")
    if n := count.get("outlier", 0):
        said.append(f"{n:,} {_photos(n)} {_are(n)} unlike all others.")
    if n := count.get("quality", 0):
        said.append(f"{n:,} {_photos(n)} {_are(n)} blank, too dark, blurred or odd in another way.")
    if n := int((flagged["check"] == "balance").sum()):
        said.append(f"{n:,} {'thing' if n == 1 else 'things'} beside the content could tell classes apart.")
    return said or [f"Nothing was found that needs a look in {len(samples):,} photos."]


_PART = {"test": "test", "val": "validation"}


def _photos(n: int) -> str:
    return "photo" if n == 1 else "photos"


def _are(n: int) -> str:
    return "is" if n == 1 else "are"


def _stand(n: int) -> str:
    return "stands" if n == 1 else "stand"
