"""sightline audit"""

from __future__ import annotations

from pathlib import Path

from sightline.cli.printing import Json, lines, print_json


def audit(
    data: str,
    *,
    images: Path | None = None,
    run: Path | None = None,
    weights: Path | None = None,
    out: Path | None = None,
    img_size: int | None = None,
    device: str = "auto",
    workers: int | None = None,
    json: Json = False,
) -> None:
    """Find what is wrong with a dataset: leaks, copies, wrong labels, bad files, photos that belong elsewhere.

    Writes findings.csv, findings.parquet and audit.html, a page on which a person decides what to keep, relabel or
    drop. `sightline train --decisions` applies what was decided. The data itself is never changed.

    Parameters
    ----------
    data
        A dataset, in any form that `train` takes.
    images
        The folder that the paths of a manifest are relative to. Default: its own, or the one in it that holds them.
    run
        Judge labels with the pretrained weights that this run began with, or else with its own network.
    weights
        Judge labels with these pretrained weights: a .safetensors file or a timm local folder. Default: the box.
    out
        The folder for the results, new or empty. Default: audit-NAME.
    img_size
        Pixels on a side at which photos are compared. Default: 192.
    device
        auto, cpu, cuda, mps.
    workers
        Processes that decode photos; default: one for each core.
    json
        One JSON object on stdout.
    """
    from sightline.tasks.audit import audit as check

    found = check(data, out, run=run, weights=weights, img_size=img_size, device=device, workers=workers, images=images)
    if json:
        flagged = found.findings[found.findings["flagged"]]
        print_json(
            {
                "out": str(found.page.parent),
                "photos": len(found.dataset.samples),
                "summary": found.summary,
                "flagged": {str(check): int(n) for check, n in flagged["check"].value_counts().items()},
                "findings": len(found.findings),
            }
        )
        return
    lines(*found.summary, f"Decide on {found.page}; all findings: {found.page.with_name('findings.csv')}")
