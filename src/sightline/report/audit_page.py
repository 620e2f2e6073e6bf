"""audit.html: every finding with its photos, for a person to decide in minutes: keep, relabel or drop.

The one page with a script: it notes the decisions, also by keyboard, and writes decisions.csv. Its content policy names
that script by its digest, so nothing else can run, whatever a file or a class is called.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from sightline.checks.findings import CHECKS
from sightline.checks.summary import sentences
from sightline.data.decoding.deep import FULL
from sightline.data.pixels import Pixels
from sightline.data.table import Dataset
from sightline.report import page
from sightline.report.page import Shown
from sightline.report.photos import Album, Photo
from sightline.system.files import write_text

SIDE = 160  # of a photo on the page
MOST = 300  # findings of one check on the page; the table has all
BUDGET = 7_500_000  # bytes of photos

EXPLAINED = {
    "leak": "A network has seen these in training, so the figure on them says nothing. Drop one of the two.",
    "conflict": "At least one of the two labels is wrong.",
    "label": "A classifier that saw neither the photo nor any copy of it thinks otherwise. It may be wrong: look.",
    "file": "They were left out, and are not changed.",
    "duplicate": "Of each photo the first copy is kept to the left.",
    "near-duplicate": "Saved again, resized, cropped, brightened, mirrored or with a caption.",
    "burst": "Harmless within one part; across parts it makes a test easier than it should be.",
    "outlier": "Far from every class in the features of a network: perhaps another subject altogether.",
    "quality": "Judged by themselves (light, sharpness) or by what is usual here (size, colour).",
    "balance": "What could be learned instead of the content.",
}
SHORT = {
    "leak": "Leaks",
    "conflict": "Conflicts",
    "label": "Labels",
    "file": "Files",
    "duplicate": "Duplicates",
    "near-duplicate": "Changed copies",
    "burst": "Series",
    "outlier": "Outliers",
    "quality": "Quality",
    "balance": "Balance",
}
_TABLES = ("file", "balance")  # findings without a photo to show


def write(dataset: Dataset, pixels: Pixels, found: pd.DataFrame, out: Path, *, notes: tuple[str, ...] = ()) -> Path:
    """Write out/audit.html.

    Args:
        dataset: after preflight. pixels: its photos, pixels[i] of sample i.
        found: a table of findings.
        out: the folder.
        notes: sentences on how the audit was made, such as what it could not check.

    Returns:
        The file's path.
    """
    gallery = _Gallery(dataset, pixels)
    sections = []
    for check, heading in CHECKS.items():
        rows = found[found["check"] == check].sort_values(["flagged", "score"], ascending=False, kind="stable")
        if not len(rows):
            continue
        shown = rows.head(MOST)
        sections.append(
            {
                "id": check,
                "heading": heading,
                "explained": EXPLAINED[check],
                "table": check in _TABLES,
                "flagged": int(rows["flagged"].sum()),
                "all": len(rows),
                "more": len(rows) - len(shown),
                "rows": [
                    gallery.row({str(key): value for key, value in row.items()}) for row in shown.to_dict("records")
                ],
            }
        )
    said = sentences(found, dataset.samples)
    html = page.render(
        "audit.html",
        title=f"Audit of {dataset.name}",
        name=dataset.name,
        said=said,
        notes=notes,
        photos=len(dataset.samples),
        classes=list(dataset.classes),
        found=sections,
        sections=[(section["id"], SHORT[str(section["id"])]) for section in sections],
    )
    path = out / "audit.html"
    write_text(path, _alive(html))
    return path


class _Gallery:
    """Findings with their photos, which come from the pixel cache."""

    def __init__(self, dataset: Dataset, pixels: Pixels) -> None:
        self.pixels = pixels
        self.album = Album(dataset.root, BUDGET, white=pixels.white or FULL)
        self.number = {path: row for row, path in enumerate(dataset.samples["path"])}
        columns = (dataset.samples[column].tolist() for column in ("label", "split"))
        self.facts = list(zip(*columns, strict=True))
        self._shown: dict[str, Photo] = {}

    def row(self, finding: Shown) -> Shown:
        return {
            **finding,
            "photo": self.photo(finding["path"]),
            "split": self.split(finding["path"]),
            "beside": self.photo(finding["twin"]),
            "beside_label": self.facts[self.number[finding["twin"]]][0] if finding["twin"] in self.number else "",
            "beside_split": self.split(finding["twin"]),
        }

    def split(self, path: str) -> str:
        return str(self.facts[self.number[path]][1]) if path in self.number else ""

    def photo(self, path: str) -> Photo | None:
        if path not in self.number:
            return None
        if path not in self._shown:
            square = self.pixels.take(np.array([self.number[path]]))[0]
            if len(square) > SIDE:
                square = np.asarray(Image.fromarray(square).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
            self._shown[path] = self.album.show(path, square)
        return self._shown[path]


def _alive(html: str) -> str:
    """The page with its own style and script, each let in by its digest alone."""
    style = (page.THEME / "audit.css").read_text(encoding="utf-8")
    script = (page.THEME / "audit.js").read_text(encoding="utf-8")
    html = html.replace("; style-src ", f"; script-src '{_digest(script)}'; style-src '{_digest(style)}' ", 1)
    html = html.replace("</head>", f"<style>{style}</style>\n</head>", 1)
    before, _, after = html.rpartition("</body>")
    return f"{before}<script>{script}</script>\n</body>{after}"


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
