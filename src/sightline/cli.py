"""The command line: parse, call, print.

Results go to stdout, everything else to stderr; `--json` puts one JSON object on stdout. Exit code 0: done; 1: the work
failed; 2: wrong usage. An error is one or two plain lines; `--debug` shows where it came from.
"""

from __future__ import annotations

import json as _json
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console
from rich.table import Table

from sightline import __version__
from sightline.errors import SightlineError, UsageError

app = App(
    name="sightline",
    help="A folder of labelled photos in; an image classifier you can trust out.",
    help_epilogue="`sightline COMMAND --help` tells all of a command. Try first: `sightline demo`.",
    help_format="markdown",
    version=__version__,
)

Json = Annotated[bool, Parameter(name="--json", negative=())]
"""One JSON object on stdout."""


@app.command
def demo(*, out: Path = Path("runs/demo"), per_class: int = 300, epochs: int | None = None, json: Json = False) -> None:
    """Do the main job on a set of drawn scenes: nothing to download, about two minutes.

    Draws about 1,800 pictures of six kinds of scene, trains a small network from random weights, evaluates it and
    writes the report.

    Parameters
    ----------
    out
        The run folder. If the demo is there already, it is shown again.
    per_class
        Pictures of each kind of scene.
    epochs
        Passes over the training pictures.
    json
        One JSON object on stdout.
    """
    from sightline import api
    from sightline.data.catalog import demo_scenes
    from sightline.runs import RunFolder

    if (out / "config.yaml").is_file() and RunFolder(out).status == "complete":
        run = api.Run(out)
    else:
        run = api.train(demo_scenes(per_class), recipe="demo", out=out, epochs=epochs)
    _show_run(run, json)
    if not json:
        _say(f"[bold]Next:[/] sightline predict {run.path} PHOTO…   ·   sightline train YOUR_FOLDER   ·   make serve")


@app.command
def train(
    data: str | None = None,
    *,
    recipe: str = "default",
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
    patience: int | None = None,
    seed: int | None = None,
    split_seed: int | None = None,
    per_class: int | None = None,
    decisions: Path | None = None,
    tta: Literal["none", "flip"] | None = None,
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
        or hf:owner/name. Not needed with --resume.
    recipe
        A name from `sightline recipes`, or a YAML file; RUN/config.yaml repeats that run. Flags win over it.
    out
        The run folder, new or empty. Default: runs/DATE-TIME-DATASET-MODEL.
    resume
        Go on with this run, exactly where it was interrupted.
    continues
        Start from this run's weights, and keep each of its photos in its old split.
    model
        Any timm classification model, or one of Sightline's own (`sightline models`).
    weights
        Pretrained weights: a .safetensors or PyTorch file, or a timm local folder. Default: the hub's cache, then the hub.
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
    patience
        Stop a phase after this many epochs without a better val accuracy; 0: never.
    seed
        Moves the order of the photos, the augmentations and the random weights, never the split.
    split_seed
        Moves the split, and nothing else.
    per_class
        Take this many photos of each class for training and validation; the rest is test.
    decisions
        A decisions.csv (keep, relabel, drop) from the audit or the review page.
    tta
        flip: average the answers for a photo and its mirror image.
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
    from sightline import api

    if resume is not None:
        if data is not None or out is not None:
            raise UsageError("--resume takes no DATA and no --out: the run knows them.")
        run = api.resume(resume)
    else:
        run = api.train(
            data, recipe=recipe, out=out, epochs=epochs, lr=lr, freeze_epochs=freeze_epochs, set=set,
            continues=continues, model=model, weights=weights, scratch=scratch, batch_size=batch_size,
            img_size=img_size, patience=patience, seed=seed, split_seed=split_seed, per_class=per_class,
            decisions=decisions, tta=tta, time_limit=_seconds(time_limit), device=device, workers=workers,
        )  # fmt: skip
    _show_run(run, json)


@app.command
def evaluate(run: Path, data: str | None = None, *, device: str = "auto", json: Json = False) -> None:
    """Judge a run on its own test part, or on every labelled photo of DATA.

    Parameters
    ----------
    run
        A run that is complete.
    data
        A labelled dataset, in any form that `train` takes. Default: the run's own test part; the ledger counts it.
    device
        auto, cpu, cuda, mps.
    json
        Exactly the keys of evaluation.json on stdout.
    """
    from sightline import api

    found = api.evaluate(run, data, device=device)
    if json:
        _print_json(found.to_dict())
        return
    table = Table("class", "precision", "recall", "F1", "photos", box=None, header_style="bold", pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, row in found.per_class.items():
        cells = (f"{row[key]:.3f}" for key in ("precision", "recall", "f1"))
        table.add_row(name, *cells, f"{row['support']:,.0f}")
    _out(
        f"Accuracy {found.headline}",
        f"macro F1 {found.macro_f1:.3f} · log loss {found.log_loss:.3f} · ECE {found.ece:.3f}",
    )
    _stdout().print(table)


@app.command
def predict(run: Path, *paths: Path, out: Path | None = None, device: str = "auto", json: Json = False) -> None:
    """Classify photos; a file that cannot be read is a row with `error` and stops nothing.

    Parameters
    ----------
    run
        A run, or a model folder.
    paths
        Photos, or folders of photos.
    out
        Write the table here, .csv or .parquet. Default: to stdout, as CSV.
    device
        auto, cpu, cuda, mps.
    json
        One JSON object on stdout, with the rows under "predictions".
    """
    from sightline.data.folder import photos_in
    from sightline.files import write_table
    from sightline.predict import Predictor
    from sightline.progress import note

    if not paths:
        raise UsageError("No PATH given: name photos, or folders of photos.")
    if out is not None and out.suffix.lower() not in (".csv", ".parquet"):
        raise UsageError(f"--out {out}: the name must end in .csv or .parquet.")
    files = [file for path in paths for file in (photos_in(path) if path.is_dir() else [path])]
    table = Predictor.load(run, device, photos=len(files)).predict(files)
    failed = int((table["error"] != "").sum())
    if failed:
        note(f"{failed:,} of {len(table):,} files could not be read; their rows say why.")
    if out is not None:
        write_table(out, table)
        note(f"{len(table):,} rows in {out}")
    if json:
        rows = _json.loads(table.to_json(orient="records"))
        _print_json({"predictions": rows, "failed": failed})
    elif out is None:
        sys.stdout.write(table.to_csv(index=False, lineterminator="\n"))


@app.command
def explore(
    data: str,
    *,
    out: Path | None = None,
    augment: str | None = None,
    weights: Path | None = None,
    img_size: int = 150,
    workers: int | None = None,
    json: Json = False,
) -> None:
    """Look at a dataset: how many photos of what, their sizes, what varies in them, what cannot be read.

    Parameters
    ----------
    data
        A dataset, in any form that `train` takes.
    out
        The folder for explore.html and explore.json. Default: explore-NAME.
    augment
        Also show photos before and after this augmentation preset.
    weights
        A timm local folder: its features group the photos in the variety view. Default: colours and edges do.
    img_size
        Pixels on a side at which the photos are looked at.
    workers
        Processes that decode photos; default: one for each core.
    json
        The content of explore.json on stdout.
    """
    from sightline.data.preflight import preflight
    from sightline.data.sources import open_dataset
    from sightline.report import explore as page

    dataset = open_dataset(data)
    folder = out or Path(f"explore-{dataset.name}")
    dataset, pixels = preflight(dataset, img_size, workers=workers)
    if not len(dataset.samples):
        raise SightlineError(f"{data}: none of its {len(dataset.problems):,} files can be read as a photo.")
    features = None
    if weights is not None:
        from sightline.training.features import features_from

        features = features_from(weights, pixels, list(dataset.samples["digest"]))
    found = page.write(dataset, pixels, folder, embeddings=features, augment=augment)
    if json:
        _print_json(found)
    else:
        left_out = int((dataset.problems["action"] == "left out").sum())
        _out(
            f"{len(dataset.samples):,} photos in {len(dataset.classes)} classes; {left_out:,} files cannot be used.",
            f"Open {(folder / 'explore.html')}",
        )


@app.command
def models(name: str | None = None, *, img_size: int | None = None, train: str = "all", json: Json = False) -> None:
    """List networks, or print the layers of one with their shapes and totals.

    Parameters
    ----------
    name
        A network. Default: list all.
    img_size
        Pixels on a side; default: what it was pretrained at.
    train
        Which part learns: all, head, last:N, or a regular expression.
    json
        One JSON object on stdout.
    """
    import timm

    from sightline.models import summary, zoo

    if name is None:
        listed = {"own": zoo.own_names(), "timm": [n for n in timm.list_models() if n not in zoo.own_names()]}
        if json:
            _print_json(listed)
            return
        _out(f"Sightline's own: {', '.join(listed['own'])}", f"From timm ({len(listed['timm'])}):")
        _stdout().print(", ".join(listed["timm"]))
        return
    described = summary.describe(name, size=img_size, train=train)
    if json:
        _print_json(described)
    else:
        summary.show(described, _stdout())


@app.command
def recipes(name: str | None = None, *, json: Json = False) -> None:
    """List the recipes, or print one.

    Parameters
    ----------
    name
        A recipe. Default: list all.
    json
        One JSON object on stdout.
    """
    from sightline import config

    if name is not None:
        text = config.recipe_text(name)
        if json:
            _print_json(config.recipe(name))
        else:
            sys.stdout.write(text)
        return
    titles = {recipe: config.recipe_text(recipe).splitlines()[0].lstrip("# ") for recipe in config.recipe_names()}
    if json:
        _print_json(titles)
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for recipe, title in titles.items():
        table.add_row(f"[bold]{recipe}[/]", title)
    _stdout().print(table)


@app.command
def datasets(name: str | None = None, *, json: Json = False) -> None:
    """List the public datasets that are known by name, or tell all of one.

    Parameters
    ----------
    name
        A dataset. Default: list all.
    json
        One JSON object on stdout.
    """
    from dataclasses import asdict

    from sightline.data import catalog

    chosen = [catalog.get(name)] if name else [catalog.get(each) for each in catalog.names()]
    if json:
        _print_json({entry.name: _json.loads(_json.dumps(asdict(entry), default=str)) for entry in chosen})
        return
    for entry in chosen:
        _out(f"{entry.name}", *(f"  {line}" for line in catalog.describe(entry)))


@app.command
def cache(*, clear: Annotated[bool, Parameter(negative=())] = False, json: Json = False) -> None:
    """See or clear the cache of decoded photos, features and engines.

    Parameters
    ----------
    clear
        Remove everything in it; it fills again as needed.
    json
        One JSON object on stdout.
    """
    from sightline import cache as store

    removed = store.clear() if clear else 0
    sizes: dict[str, int] = {}
    for kind, _, size, _ in store.entries():
        sizes[kind] = sizes.get(kind, 0) + size
    if json:
        _print_json({"folder": str(store.root()), "bytes": sizes, "limit": store.limit(), "removed": removed})
        return
    if clear:
        _out(f"Removed {removed / 1e6:,.0f} MB.")
    lines = [f"  {kind}: {size / 1e6:,.0f} MB" for kind, size in sorted(sizes.items())]
    _out(f"{store.root()}: {sum(sizes.values()) / 1e6:,.0f} MB of at most {store.limit() / 1e9:,.0f} GB", *lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point: run one command, and exit with its code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [argument for argument in given if argument != "--debug"]
    code = 0
    try:
        command, bound, _ = app.parse_args(given, print_error=False, exit_on_error=False)
        command(*bound.args, **bound.kwargs)
        sys.stdout.flush()
    except CycloptsError as error:
        code = _fail(" ".join(str(error).split()) + f" See sightline {given[0] if given else ''} --help.", 2, debug)
    except SightlineError as error:
        code = _fail(str(error), error.exit_code, debug)
    except KeyboardInterrupt:
        code = _fail("Stopped.", 1, debug)
    except BrokenPipeError:  # the reader, such as `head`, had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except MemoryError:
        code = _fail("The memory of this machine is not enough. Try a smaller --batch-size or --img-size.", 1, debug)
    except Exception as error:  # a fault of ours: said plainly, and shown whole on request
        code = _fail(
            f"Something went wrong inside Sightline: {type(error).__name__}: {error}\nRun it again with --debug.",
            1,
            debug,
        )
    sys.exit(code)


def _fail(text: str, code: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    print(f"sightline: {text}", file=sys.stderr)
    return code


def _show_run(run: Any, as_json: bool) -> None:
    """Where a run is and how good it is."""
    found = run.evaluation
    if as_json:
        _print_json({"run": str(run.path), "report": str(run.report), **found.to_dict()})
        return
    _out(f"Test accuracy {found.headline}")
    _say(f"Report: [bold]{run.report}[/]   Model: {run.folder.model}")


def _seconds(text: str | None) -> float | None:
    """10m, 90s, 1.5h or plain seconds."""
    if text is None:
        return None
    unit = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(text[-1:], 0.0)
    try:
        value = float(text[:-1]) * unit if unit else float(text)
    except ValueError:
        value = 0.0
    if not value > 0:
        raise UsageError(f"--time-limit {text}: write it as 90s, 10m or 1.5h.")
    return value


def _stdout() -> Console:
    return Console(highlight=False, soft_wrap=True)


def _out(*lines: str) -> None:
    for line in lines:
        print(line)


def _say(text: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(text)


def _print_json(value: Any) -> None:
    print(_json.dumps(value, ensure_ascii=False, allow_nan=False))
