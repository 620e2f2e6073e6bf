"""Run recipes in full and write what came out as the table of benchmarks/recipes.md.

    python benchmarks/recipes.py SCENES --out RUNS [--flowers FOLDER] [--model NAME] [--weights FOLDER]
                                 [--only NAME,NAME] [--threads 2]

SCENES is a folder such as intel-scenes, of which a part chooses and a part tests; FOLDER holds five kinds of flowers,
for the recipes that learn those. `--model` takes the place of every pretrained network that cannot be had here, such as
tf_efficientnet_lite0, which comes with Sightline; everything else of a recipe stays. What still lacks something is
listed with that. A run that is in RUNS already is read instead of repeated, a broken-off one goes on. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path
from typing import Any

import torch

import sightline
from sightline import config, recipes
from sightline.runs.folder import RunFolder

CLAIMED = {
    "resnet34-onecycle": "92 % test (chosen on test)",
    "resnet50-dense-head": "88 % on 7,301",
    "resnet9-scratch": "plot only",
    "resnet34-freeze-unfreeze": "87 % after the first epoch",
    "flowers-cnn": "less than fine-tuned",
    "flowers-cnn-augmented": "more than base",
    "flowers-resnet50": "over 90 %",
    "landscape-cnn": "did not converge",
    "landscape-resnet4": "95 % train, 75 % test",
    "landscape-resnet50": "85 % test",
}
FROM = {
    "resnet34-onecycle": "000",
    "resnet50-dense-head": "001",
    "resnet9-scratch": "002",
    "resnet34-freeze-unfreeze": "002",
    "flowers-cnn": "003",
    "flowers-cnn-augmented": "003",
    "flowers-resnet50": "003",
    "landscape-cnn": "004",
    "landscape-resnet4": "004",
    "landscape-resnet50": "004",
}


def needs(name: str, given: argparse.Namespace, architecture: str | None) -> str | None:
    """What a recipe lacks here, or None if it can run. `architecture`: what the weights folder holds."""
    made = config.build(recipes.values(name), name)
    missing = []
    if name.startswith("flowers") and not given.flowers:
        missing.append("the flower photos")
    wanted = (made.model or architecture or given.model or "backbone").split(".")[0]
    if not made.scratch and not given.model and wanted != architecture:
        missing.append(f"pretrained {wanted} weights")
    return " and ".join(missing) or None


def finished(name: str, given: argparse.Namespace, architecture: str | None) -> sightline.Run:
    """The run of a recipe: read, resumed or begun."""
    path = given.out / name
    if path.exists():
        return sightline.Run(path) if RunFolder.open(path).status == "complete" else sightline.resume(path)
    values = recipes.values(name)
    data = given.flowers if name.startswith("flowers") else given.data
    options: dict[str, Any] = {}
    if not values.get("scratch"):
        holds = architecture is not None and (values.get("model") or architecture).split(".")[0] == architecture
        options = {"weights": given.weights} if holds else {"model": given.model}
    if values.get("per_class"):  # a text takes so many of each kind; a quarter must be left to test on
        smallest = min(sum(1 for _ in folder.iterdir()) for folder in data.iterdir() if folder.is_dir())
        options["per_class"] = min(values["per_class"], smallest * 3 // 4)
    return sightline.train(data, recipe=name, out=path, **options)


def row(name: str, run: sightline.Run) -> str:
    """One line of the table."""
    evaluation, metrics = run.evaluation, run.metrics
    best = metrics.sort_values(["val_accuracy", "val_loss"], ascending=[False, True]).iloc[0]
    low, high = evaluation.accuracy_ci95
    return (
        f"| `{name}` | {run.folder.config().model} | {FROM.get(name, 'ours')} | {CLAIMED.get(name, '–')} "
        f"| **{evaluation.accuracy:.1%}** ({low * 100:.1f}–{high * 100:.1f}), n = {evaluation.n:,} "
        f"| {best['train_accuracy']:.1%} / {best['val_accuracy']:.1%} "
        f"| {evaluation.macro_f1:.3f} | {len(metrics)} | {metrics['seconds'].sum() / 60:.1f} min |"
    )


def main() -> None:
    """Run what can be run, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--flowers", type=Path)
    parser.add_argument("--model")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--threads", type=int)
    given = parser.parse_args()
    if given.threads:
        torch.set_num_threads(given.threads)
    architecture = json.loads((given.weights / "config.json").read_text())["architecture"] if given.weights else None
    names = given.only.split(",") if given.only else [n for n in recipes.names() if not n.startswith("demo")]
    rows, lacking = [], []
    for name in names:
        missing = needs(name, given, architecture)
        if missing:
            lacking.append(f"| `{name}` | {FROM.get(name, 'ours')} | {CLAIMED.get(name, '–')} | {missing} |")
        else:
            rows.append(row(name, finished(name, given, architecture)))
            print(rows[-1], file=sys.stderr, flush=True)
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{torch.get_num_threads()} CPU threads"
    print(f"{given.data.name}, {device}, {platform.machine()}, torch {torch.__version__}\n")
    print(
        "| recipe | network | text | its figure | ours on test, 95 % interval | train / val at the best epoch "
        "| macro F1 | epochs | time to train |\n|---|---|---|---|---|---|---:|---:|---:|"
    )
    print("\n".join(rows))
    if lacking:
        print("\nNot run here:\n\n| recipe | text | its figure | it needs |\n|---|---|---|---|")
        print("\n".join(lacking))


if __name__ == "__main__":
    main()
