"""sightline train"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from sightline.cli.printing import Json, lines, print_json
from sightline.errors import UsageError

if TYPE_CHECKING:
    from sightline.runs.run import Run

_OF_PHASES = ("epochs", "lr", "freeze_epochs")
_OF_GOING_ON = ("epochs", "time_limit", "device")


def train(
    data: str | None = None,
    *,
    images: Path | None = None,
    recipe: str | None = None,
    out: Path | None = None,
    resume: Path | None = None,
    continues: Annotated[Path | None, Parameter(name="--from")] = None,
    model: str | None = None,
    weights: Path | None = None,
    scratch: Annotated[bool | None, Parameter(negative=())] = None,
    epochs: int | None = None,
    freeze_epochs: int | None = None,
    lr: float | None = None,
    batch_size: int | None = None,
    img_size: int | None = None,
    fit: Literal["crop", "pad", "squash"] | None = None,
    patience: int | None = None,
    seed: int | None = None,
    split_seed: int | None = None,
    per_class: int | None = None,
    folds: int | None = None,
    ensemble: Annotated[bool | None, Parameter(negative=())] = None,
    decisions: Path | None = None,
    tta: Literal["none", "flip"] | None = None,
    positive: str | None = None,
    sensitivity: float | None = None,
    time_limit: str | None = None,
    device: str | None = None,
    workers: int | None = None,
    set: Annotated[tuple[str, ...], Parameter(name="--set", negative=())] = (),
    json: Json = False,
) -> None:
    """Train a classifier on labelled photos, evaluate it once, and write its report.

    Parameters
    ----------
    data
        A folder with one sub-folder per class, a CSV or Parquet manifest, an archive, a name from `sightline datasets`,
        or hf:owner/name. With --resume only where the photos were moved since: the folder that they are in now.
    images
        The folder that the paths of a manifest are relative to. Default: its own, or the one in it that holds them.
    recipe
        A name from `sightline recipes`, or a YAML file; RUN/config.yaml repeats that run. Flags win over it. Default:
        `default`.
    out
        The run folder, new or empty. Default: runs/DATE-TIME-DATASET-MODEL.
    resume
        Go on with this run, exactly where it was interrupted. It knows its choices: of these only --epochs,
        --time-limit, --device and --workers can be changed, which its config.yaml then records.
    continues
        Start from this run's weights, and keep each of its photos in its old split.
    model
        A timm classification model, or one of Sightline's own (`sightline models`). Default: the one in the box.
    weights
        Pretrained weights: a .safetensors or PyTorch file, or a timm local folder. Default: the box, else the hub.
    scratch
        Start from random weights.
    epochs
        Epochs of the last phase.
    freeze_epochs
        Epochs in which the head learns alone, before everything does.
    lr
        Peak learning rate of the last phase.
    batch_size
        Photos in one step.
    img_size
        Pixels on a side. Default: what the network was pretrained at.
    fit
        How photos become square. crop: their middle; pad: the whole of them, with borders; squash: the whole, squeezed.
        Default: crop, or as the run of --from did.
    patience
        Stop a phase after this many epochs without a better val accuracy; 0: never.
    seed
        Moves the order of the photos, the augmentations and the random weights, never the split.
    split_seed
        Moves the split, and nothing else.
    per_class
        Take this many photos of each class for training and validation; the rest is test.
    folds
        Train once for each of so many folds, each held out in turn, for a mean with its spread; then as ever. The test
        part stays closed meanwhile.
    ensemble
        Keep the networks of the folds together as the model, instead of training one more. With --folds.
    decisions
        A decisions.csv (keep, relabel, drop) from the audit or the review page.
    tta
        flip: average the answers for a photo and its mirror image.
    positive
        Of two classes the one that is looked for, such as cancer. Default: the one named so, else the rarer.
    sensitivity
        Of two classes: the share of the positive one that a second threshold should find. Default: 0.95.
    time_limit
        Plan the run to end within this time, such as 10m or 90s.
    device
        auto, cpu, cuda, mps.
    workers
        Processes that decode photos; 0: one for each core.
    set
        key=value for anything else of a recipe, such as augment=none. May be given several times.
    json
        One JSON object on stdout.
    """
    from sightline.recipes import flag

    choices = {
        "images": images, "recipe": recipe, "out": out, "continues": continues, "model": model, "weights": weights,
        "scratch": scratch, "epochs": epochs, "freeze_epochs": freeze_epochs, "lr": lr, "batch_size": batch_size,
        "img_size": img_size, "fit": fit,
        "patience": patience, "seed": seed, "split_seed": split_seed, "per_class": per_class,
        "folds": folds, "ensemble": ensemble, "decisions": decisions, "tta": tta,
        "positive": positive, "sensitivity": sensitivity, "time_limit": time_limit,
        "device": device, "set": set or None,
    }  # fmt: skip
    given: dict[str, Any] = {name: value for name, value in choices.items() if value is not None}
    if resume is not None:
        going_on = {name: given.pop(name) for name in _OF_GOING_ON if name in given}
        if given:
            raise UsageError(
                f"--resume takes no {', no '.join(flag(name) for name in given)}: "
                "the run goes on with what it began with.\n"
                f"To start a new run from what this one has learned: sightline train DATA --from {resume}"
            )
        from sightline.tasks import train as task

        run = task.resume(resume, data=data, workers=workers, **going_on)
    else:
        _require_sensible(given)
        from sightline.tasks import train as task

        run = task.train(data, workers=workers, **given)
    show(run, as_json=json)


def _require_sensible(given: dict[str, Any]) -> None:
    """Refuse what needs no network library to be found wrong: those take their time to load.

    Args:
        given: what was asked for; the task checks it all once more, with everything else.
    """
    from sightline import recipes
    from sightline.data.augment.specs import spec_of

    options = {name: value for name, value in given.items() if name not in ("recipe", "set", "out", *_OF_PHASES)}
    of_phases = {name: value for name, value in given.items() if name in _OF_PHASES}
    config = recipes.resolve(given.get("recipe", "default"), options, list(given.get("set", ())), **of_phases)
    spec_of(config.augment)


def show(run: Run, *, as_json: bool) -> None:
    """How good a run is, what decided it, and what can be done with it next."""
    from sightline.judging.claims import sentences
    from sightline.runs import closing
    from sightline.runs.documents.trust import Intervals
    from sightline.runs.documents.two_classes import TwoClasses
    from sightline.system.progress import note

    found = run.evaluation
    if as_json:
        print_json({"run": str(run.path), "report": str(run.report), **found.to_dict()})
        return
    said = sentences(found, run.folder.extra(Intervals), run.folder.extra(TwoClasses))
    lines(f"Test accuracy {found.headline}", *said, *filter(None, [closing.kept(run.folder)]))
    note(f"Report: {run.report}   Model: {run.folder.model}")
    path = shlex.quote(str(run.path))
    note("Next: open the report, or")
    for command in (f"predict {path} PHOTO…", f"explain {path} PHOTO…", f"serve {path}"):
        note(f"  sightline {command}")
