"""sightline serve"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sightline.errors import UsageError


def serve(
    runs: Path,
    *,
    port: Annotated[int, Parameter(name=["--port", "-p"])] = 8000,
    host: str = "127.0.0.1",
    findings: Path | None = None,
    state: Path | None = None,
    create_admin: str | None = None,
    device: str = "auto",
) -> None:
    """Open the web site: classify photos, look at runs and their data, review findings.

    Parameters
    ----------
    runs
        A run, or a folder of runs.
    port
        The port; 0 takes any free one.
    host
        The address to listen on. Anything but 127.0.0.1 can be reached by others, so that needs SECRET_KEY and
        ALLOWED_HOSTS in the environment.
    findings
        A findings.csv or .parquet for the review queue. Default: what `sightline audit` left in the run's folder.
    state
        Where the site keeps its database and the photos of visitors. Default: the folder `site` beside the runs.
    create_admin
        Make a user of this name who looks after the site, and end. The password is asked for, or taken from
        SIGHTLINE_ADMIN_PASSWORD.
    device
        auto, cpu, cuda, mps.
    """
    if not 0 <= port <= 65535:
        raise UsageError(f"--port {port}: give a number from 0 to 65535.")
    from sightline.web import serve as site

    site.serve(runs, host=host, port=port, state=state, findings=findings, create_admin=create_admin, device=device)
