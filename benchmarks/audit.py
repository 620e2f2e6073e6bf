"""What the audit finds of faults that were planted, next to its peers; writes the tables of benchmarks/audit.md.

    python benchmarks/audit.py DATA --weights WEIGHTS [--only labels,duplicates,files,search] [--seeds 5] [--out FILE]

DATA is a folder with one sub-folder per class (the published figures: 6,000 photos of six kinds of scene, 150 × 150).
It is only read; copies are planted in memory or in a temporary folder. The peers: cleanlab's defaults and plain
self-confidence on the very same probabilities, and cleanvision 0.3.7, which runs in an environment of its own:

    python -m venv /tmp/peer && /tmp/peer/bin/pip install cleanvision==0.3.7
    python benchmarks/audit.py DATA --only duplicates --peer /tmp/peer/bin/python
"""

# ruff: noqa: ARG001, ARG005

from __future__ import annotations

import argparse
import hashlib
import io
import json
import shutil
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from PIL import Image
from sklearn.metrics import average_precision_score

from sightline.checks.crossfit import compact, nearest, out_of_sample
from sightline.checks.duplicates import find_duplicates
from sightline.checks.noise import suspicion
from sightline.checks.signature import alike, shrink, signatures
from sightline.data.pixels import Pixels
from sightline.data.preflight import preflight
from sightline.data.reading.sources import open_dataset
from sightline.scenes.faults import CONFUSABLE, NEAR, near_duplicate, wrong_labels

SIZE = 192
BUDGET = 0.08  # the share of the photos that a person is ready to look at
SHARE = 0.05  # of wrong labels
PEER = """
import json, sys
from cleanvision import Imagelab
lab = Imagelab(data_path=sys.argv[1])
lab.find_issues({"exact_duplicates": {}, "near_duplicates": {}})
print(json.dumps([s for kind in ("exact_duplicates", "near_duplicates") for s in lab.info[kind]["sets"]]))
"""


def labels(data: str, weights: str, features: str | None, seeds: int, first: int = 0) -> pd.DataFrame:
    """Average precision and recall at the review budget, of ours, cleanlab's defaults and plain self-confidence."""
    dataset, pixels = preflight(open_dataset(data), SIZE)
    values = np.load(features) if features else _features(weights, pixels, dataset.samples["digest"].tolist())
    groups = find_duplicates(dataset.samples, pixels).groups
    names, classes = dataset.samples["label"].to_numpy(str), list(dataset.classes)
    whole = compact(values)
    near = nearest(whole, groups)
    rows = []
    for seed in range(first, first + seeds):
        for kind, pairs in {"uniform": (), "pairs": CONFUSABLE}.items():
            given = wrong_labels(names, round(SHARE * len(names)), seed=seed, pairs=pairs)
            bad = given != names
            codes = pd.Categorical(given, categories=classes).codes.astype(np.int64)
            probabilities = out_of_sample(whole, codes, groups, len(classes), near, seed=seed)
            quality = get_label_quality_scores(codes, probabilities)
            chosen = find_label_issues(codes, probabilities, return_indices_ranked_by="self_confidence")
            listed = np.zeros(len(codes))
            listed[chosen] = 2 - np.arange(len(chosen)) / len(chosen)  # what its filter chose first, in its order
            for method, score in {
                "Sightline": suspicion(probabilities, codes)[0],
                "cleanlab, its default ranking": 1 - quality,
                "cleanlab, its filter first": np.where(listed > 0, listed, 1 - quality),
                "self-confidence": 1 - probabilities[np.arange(len(codes)), codes],
            }.items():
                top = np.argsort(-score, kind="stable")[: round(BUDGET * len(codes))]
                found = {"AP": average_precision_score(bad, score), "recall": bad[top].sum() / bad.sum()}
                rows.append({"errors": kind, "seed": seed, "method": method, **found})
            print(kind, seed, rows[-4], flush=True)
    table = pd.DataFrame(rows).groupby(["errors", "method"], sort=False)[["AP", "recall"]]
    return table.agg(["mean", "min", "max"]).round(3).reset_index()


def duplicates(data: str, peer: str | None, each: int = 200) -> pd.DataFrame:
    """For each kind of planted copy the recall, and the precision: of the photos joined with one, how many are of it.

    The last row, "all", has the precision over every photo, planted or not.
    """
    dataset, pixels = preflight(open_dataset(data), SIZE)
    rng = np.random.default_rng(0)
    real = find_duplicates(dataset.samples, pixels)
    alone = np.flatnonzero(np.bincount(real.groups)[real.groups] == 1)  # the set's own copies are not counted
    chosen = rng.choice(alone, each * len(NEAR), replace=False)
    rows, sets = [], None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "photos"
        shutil.copytree(dataset.root, folder)
        truth: dict[str, tuple[str, str]] = {}
        for number, source in enumerate(chosen):
            path, kind = dataset.samples["path"][source], list(NEAR)[number // each]
            with Image.open(dataset.root / path) as image:
                content, _ = near_duplicate(image, kind, rng)
            copy = f"{Path(path).parent}/planted-{number}.jpg"
            (folder / copy).write_bytes(content)
            truth[copy] = (path, kind)
        planted, squares = preflight(open_dataset(folder), SIZE)
        started = time.perf_counter(), time.process_time()
        found = find_duplicates(planted.samples, squares)
        spent = time.perf_counter() - started[0], time.process_time() - started[1]
        print(f"{len(planted.samples):,} photos: {spent[0]:.1f} s, {spent[1]:.1f} s of processor time", flush=True)
        if peer:
            script = Path(name) / "peer.py"
            script.write_text(PEER)
            done = subprocess.run(
                [peer, str(script), str(folder)], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
            )
            sets = json.loads(done.stdout.strip().splitlines()[-1])
        paths = planted.samples["path"].to_numpy()
        own = [set(paths[rows].tolist()) for rows in _groups(found.same)]
        family = {**{path: path for path in paths}, **{copy: source for copy, (source, _) in truth.items()}}
        for path, group in zip(dataset.samples["path"], real.groups, strict=True):
            family.setdefault(path, path)
            if np.bincount(real.groups)[group] > 1:
                family[path] = f"group {group}"
        for method, groups in {"Sightline": own, "cleanvision": sets}.items():
            if groups is None:
                continue
            where = {
                str(Path(p).relative_to(folder) if Path(p).is_absolute() else p): i
                for i, g in enumerate(groups)
                for p in g
            }
            members = pd.DataFrame({"group": pd.Series(where), "family": pd.Series({p: family[p] for p in where})})
            right = (members.groupby("group")["family"].agg(lambda part: (part.value_counts() - 1).sum())).sum()
            joined = len(where) - members["group"].nunique()
            for kind in NEAR:
                copies = [(copy, source) for copy, (source, planted_as) in truth.items() if planted_as == kind]
                found_with = [
                    members["family"][(members["group"] == where[copy]) & (members.index != copy)] == source
                    for copy, source in copies
                    if copy in where
                ]
                rows.append(
                    {
                        "method": method,
                        "kind": kind,
                        "recall": np.mean([where.get(c, -1) == where.get(s, -2) for c, s in copies]),
                        "precision": np.concatenate(found_with).mean() if found_with else np.nan,
                    }
                )
            rows.append({"method": method, "kind": "all", "recall": np.nan, "precision": right / max(joined, 1)})
    return pd.DataFrame(rows).round(3)


def search(data: str, count: int = 100_000) -> pd.DataFrame:
    """Seconds to search 100,000 signatures, of random crops of the photos."""
    _, pixels = preflight(open_dataset(data), SIZE)
    rng = np.random.default_rng(0)
    small = shrink(pixels.take(np.arange(len(pixels))), 64)
    crops = np.empty((count, 32, 32, 3), np.uint8)
    for row in range(count):
        side = rng.uniform(32, 64)
        x, y = rng.uniform(0, 64 - side, 2)
        box = (x, y, x + side, y + side)
        crops[row] = np.asarray(Image.fromarray(small[row % len(small)]).resize((32, 32), box=box))
    values = signatures(crops)
    started = time.perf_counter(), time.process_time()
    pairs = len(alike(values))
    return pd.DataFrame(
        [{"signatures": count, "pairs": pairs, "seconds": round(time.perf_counter() - started[0], 1),
          "processor seconds": round(time.process_time() - started[1], 1)}]
    )  # fmt: skip


def files(data: str, photos: int = 5000, each: int = 10) -> pd.DataFrame:
    """30 kinds of bad file, ten of each, among 5,000 photos: what preflight says of each kind."""
    dataset = open_dataset(data)
    rng = np.random.default_rng(0)
    chosen = dataset.samples.iloc[np.sort(rng.choice(len(dataset.samples), min(photos, len(dataset.samples)), False))]
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "photos"
        for path in chosen["path"]:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(dataset.root / path, root / path)
        contents = [(root / path).read_bytes() for path in chosen["path"][: each * 40]]
        planted: dict[str, str] = {}
        for kind, make in BAD.items():
            for number in range(each):
                path = f"{dataset.classes[number % len(dataset.classes)]}/bad-{kind.replace(' ', '-')}-{number}.jpg"
                (root / path).write_bytes(make(rng, contents[int(rng.integers(len(contents)))]))
                planted[path] = kind
        before = _tree(root)
        read = open_dataset(root)
        after, _ = preflight(read, SIZE)
        problems = after.problems[after.problems["action"] == "left out"].set_index("path")
        rows = []
        for kind in BAD:
            paths = [path for path, each_kind in planted.items() if each_kind == kind]
            said = sorted(set(problems.loc[problems.index.isin(paths), "problem"]))
            rows.append({"kind": kind, "found": sum(path in problems.index for path in paths), "said": ", ".join(said)})
        false = sorted(set(problems.index) - set(planted))
        rows.append(
            {"kind": f"false alarms in {len(chosen):,} photos", "found": len(false), "said": ", ".join(false[:3])}
        )
        rows.append({"kind": "tree unchanged", "found": int(before == _tree(root)), "said": before[:12]})
    return pd.DataFrame(rows)


def _encoded(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _as(form: str, keep: float) -> object:
    """A photo in another format, cut off."""

    def make(rng: np.random.Generator, content: bytes) -> bytes:
        whole = _encoded(Image.open(io.BytesIO(content)).convert("RGB"), form)
        return whole[: int(len(whole) * keep)]

    return make


def _zip(rng: np.random.Generator, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("photo.jpg", content)
    return buffer.getvalue()


def _holes(rng: np.random.Generator, content: bytes) -> bytes:
    return content[:600] + bytes(len(content) - 600)


# Each takes a generator and a photo's bytes.
BAD = {
    "empty": lambda rng, c: b"",
    "one byte": lambda rng, c: c[:1],
    "only the magic number": lambda rng, c: c[:3],
    "only the header": lambda rng, c: c[:160],
    "cut at 30 %": lambda rng, c: c[: len(c) * 3 // 10],
    "cut at 60 %": lambda rng, c: c[: len(c) * 6 // 10],
    "cut at 85 %": lambda rng, c: c[: len(c) * 85 // 100],
    "zeros after the header": _holes,
    "all zeros": lambda rng, c: bytes(len(c)),
    "random bytes": lambda rng, c: rng.bytes(5000),
    "first kilobyte missing": lambda rng, c: c[1024:],
    "text": lambda rng, c: b"not a photo\n" * 20,
    "HTML error page": lambda rng, c: b"<!doctype html><html><body><h1>404 Not Found</h1></body></html>",
    "JSON error": lambda rng, c: b'{"error": "rate limit exceeded", "status": 429}',
    "XML": lambda rng, c: b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    "SVG": lambda rng, c: b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect/></svg>',
    "PDF": lambda rng, c: b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n",
    "ZIP": _zip,
    "gzip": lambda rng, c: b"\x1f\x8b\x08\x00" + c[:500],
    "MP4": lambda rng, c: b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + rng.bytes(900),
    "MP3": lambda rng, c: b"ID3\x03\x00\x00\x00\x00\x00\x21" + rng.bytes(900),
    "SQLite": lambda rng, c: b"SQLite format 3\x00" + bytes(4080),
    "executable": lambda rng, c: b"\x7fELF\x02\x01\x01" + bytes(400),
    "pickle": lambda rng, c: b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07payload\x94.",
    "PNG, cut": _as("PNG", 0.5),
    "GIF, cut": _as("GIF", 0.5),
    "WebP, cut": _as("WEBP", 0.5),
    "BMP, cut": _as("BMP", 0.5),
    "TIFF, cut": _as("TIFF", 0.5),
    "two letters swapped in the header": lambda rng, c: c[1::-1] + c[2:],
}


def _tree(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        digest.update(str(path.relative_to(root)).encode() + (path.read_bytes() if path.is_file() else b""))
    return digest.hexdigest()


def _groups(numbers: np.ndarray) -> list[np.ndarray]:
    order = np.argsort(numbers, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)
    return [part for part in parts if len(part) > 1]


def _features(weights: str, pixels: Pixels, digests: list[str]) -> np.ndarray:
    from sightline.training.features import features_from

    return features_from(weights, pixels, digests, deep=True)


def main() -> None:
    """Run what was asked for and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--weights")
    parser.add_argument(
        "--features", help="their features, (n, F) .npy in the order of the dataset, instead of --weights"
    )
    parser.add_argument("--only", default="labels,duplicates,files,search")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--first-seed", type=int, default=0, help="of the label errors; 100 for trying things out, 0 for the table"
    )
    parser.add_argument("--peer", help="a Python that has cleanvision")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    text = []
    for part in given.only.split(","):
        table = {
            "labels": lambda: labels(given.data, given.weights, given.features, given.seeds, given.first_seed),
            "duplicates": lambda: duplicates(given.data, given.peer),
            "files": lambda: files(given.data),
            "search": lambda: search(given.data),
        }[part]()
        if isinstance(table.columns, pd.MultiIndex):
            table.columns = [" ".join(name).strip() for name in table.columns]
        lines = [
            "| " + " | ".join(map(str, row)) + " |" for row in [table.columns, ["---"] * table.shape[1], *table.values]
        ]
        text += [f"## {part}", "", *lines, ""]
        print("\n".join(text[-len(lines) - 3 :]), flush=True)
    if given.out:
        given.out.write_text("\n".join(text))


if __name__ == "__main__":
    main()
