"""sightline predict"""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sightline.cli.printing import Json, lines, on_terminal, print_json, table, verbatim
from sightline.errors import SightlineError, UsageError

if TYPE_CHECKING:
    import pandas as pd


def predict(
    run: Path,
    *paths: str,
    out: str | None = None,
    on: Literal["ray"] | None = None,
    ray_address: str | None = None,
    workers: int | None = None,
    device: str = "auto",
    json: Json = False,
) -> None:
    """Classify photos; a file that cannot be read is a row with `error` and stops nothing.

    Parameters
    ----------
    run
        A run, or a model folder.
    paths
        Photos, folders of photos, patterns in quotes such as 'photos/*.jpg', or - for a list on standard input. With
        --on ray one source: a folder, a manifest, Parquet files with the bytes of photos or WebDataset shards, on this
        disk or at an address such as s3://bucket/photos.
    out
        Write the table here, .csv or .parquet. Default: to stdout, as CSV in a pipe and as a short table on a terminal.
        With --on ray a folder or an address, for Parquet files in parts; a job that was killed goes on by the same
        command.
    on
        `ray`: spread the work over the cores, GPUs or machines of Ray (needs the extra `scale`).
    ray_address
        The Ray cluster, such as auto or 10.0.0.1:6379. Default: Ray is started on this machine.
    workers
        With --on ray, how many predictors. Default: one a GPU, or one for each core or two.
    device
        auto, cpu, cuda, mps.
    json
        One JSON object on stdout, with the rows under "predictions". With --on ray: what parts.json says.
    """
    if on is None:
        if ray_address is not None or workers is not None:
            raise UsageError(f"{'--ray-address' if ray_address is not None else '--workers'}: goes with --on ray.")
        return _here(run, paths, None if out is None else Path(out), device, json)
    if len(paths) != 1:
        raise UsageError(f"--on ray: give one source, not {len(paths)}: a folder, a manifest, a file or an address.")
    if out is None:
        raise UsageError("--on ray: say with --out DIR where the parts go.")
    from sightline.scale.score import score

    made = score(run, paths[0], out, device=device, address=ray_address, workers=workers)
    if json:
        print_json(made.to_dict())
    else:
        lines(f"{made.rows:,} rows in {len(made.parts):,} parts, {made.unreadable:,} without an answer: {out}")
    if made.rows and made.unreadable == made.rows:
        raise SightlineError(f"None of the photos could be answered. The column `error` in {out} says why.")
    return None


def _here(run: Path, paths: tuple[str, ...], out: Path | None, device: str, json: bool) -> None:
    from sightline.tasks.predict import predict as classify

    answers = classify(run, paths, out=out, device=device)
    if json:
        rows = json_module.loads(answers.to_json(orient="records"))
        print_json({"predictions": rows, "failed": int((answers["error"] != "").sum())})
    elif out is None and on_terminal():
        _show(answers)
    elif out is None:
        from sightline.system.spreadsheet import to_csv

        verbatim(to_csv(answers))
    if (answers["error"] != "").all():
        raise SightlineError(
            f"None of the photos could be read. The first: {answers['path'][0]}: {answers['error'][0]}."
        )


def _show(answers: pd.DataFrame) -> None:
    """The answers as a person reads them: of each photo the class, how sure that is, and whether to rely on it."""
    from sightline.system import words
    from sightline.system.progress import note

    rows = []
    for row in answers.to_dict("records"):
        if row["error"]:
            rows.append([words.shown(row["path"]), words.shown(row["error"]), "", ""])
            continue
        told = row["set"] if isinstance(row["set"], str) else ""
        others = [name for name in told.split("|") if name and name != row["predicted"]]
        maybe = f", or {words.listing(others, 'or')}" if row["decision"] == "unsure" and others else ""
        answer = f"{words.shown(row['predicted'])}{maybe}"
        rows.append([words.shown(row["path"]), answer, row["decision"], words.percent(row["confidence"])])
    table(["photo", "answer", "decision", "sure"], rows, names=3)
    note("Every class with its probability: --out FILE.csv")
