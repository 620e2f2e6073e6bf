"""`sightline serve`: settings for this machine or for the public, the database brought up to date, then gunicorn.

One process holds the models and their queues, many threads hold the visitors. Threads are cheap and wait most of the
time; there are more of them than the house has room, so that somebody is always free to say "full". One client has a
share of them, and the probes have threads of their own (worker.py).
"""

# ruff: noqa: ARG001  (who calls decides what is given)

from __future__ import annotations

import errno
import getpass
import ipaddress
import os
import shlex
import socket
import sys
from pathlib import Path
from typing import Any

from sightline.errors import SightlineError, UsageError
from sightline.runs.folder import RunFolder
from sightline.system.progress import note
from sightline.web.options import Options
from sightline.web.state import private_folder


def serve(
    runs: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    state: Path | None = None,
    findings: Path | None = None,
    create_admin: str | None = None,
    device: str = "auto",
) -> None:
    """Open the site for a run, or for a folder of runs; returns when it is stopped.

    Args:
        runs: a run, or a folder of runs; it may still be empty.
        host: the address to listen on. Anything but this machine itself needs SECRET_KEY and ALLOWED_HOSTS.
        port: 0 takes any free one.
        state: where the site keeps its database and photos of visitors; default: `site` in the folder of `runs`.
        findings: a findings.csv or .parquet for the review queue; default: what lies in the run's folder.
        create_admin: make a user of this name, who looks after the site, and end. The password is asked for, or
            taken from SIGHTLINE_ADMIN_PASSWORD.
        device: auto, cpu, cuda, mps.

    Raises:
        UsageError: there is no such folder, or a public address without what that needs.
        SightlineError: the port is taken, or the database cannot be reached.
    """
    prepare(runs, host=host, state=state, findings=findings, device=device)
    if create_admin is None:
        require_port(host, port)
    _migrate()
    if create_admin is not None:
        _create_admin(create_admin)
        return
    _listen(host, port)


def prepare(
    runs: Path, *, host: str, state: Path | None = None, findings: Path | None = None, device: str = "auto"
) -> None:
    """Choose the settings and load Django; see `serve`."""
    if not runs.is_dir():
        raise UsageError(f"{runs}: there is no such folder. Give a run, or a folder of runs.")
    if findings is not None and not findings.exists():
        raise UsageError(f"--findings {findings}: there is no such file.")
    if port_is_public(host):
        missing = [name for name in ("SECRET_KEY", "ALLOWED_HOSTS") if not os.environ.get(name)]
        if missing:
            raise UsageError(
                f"--host {host}: others could reach this site, so {' and '.join(missing)} must be in its environment.\n"
                "Set them (openssl rand -base64 48 makes a key), or leave out --host to serve this machine alone."
            )
    os.environ["SIGHTLINE_RUNS"] = str(runs)
    os.environ["SIGHTLINE_DEVICE"] = device
    if state is not None:
        os.environ["SIGHTLINE_STATE"] = str(state)
    if findings is not None:
        os.environ["SIGHTLINE_FINDINGS"] = str(findings)
    kind = "production" if port_is_public(host) else "local"
    os.environ["DJANGO_SETTINGS_MODULE"] = f"sightline.web.settings.{kind}"
    options = Options.from_environment(local=kind == "local")
    private_folder(options.state)
    try:
        import django
        from django.core.exceptions import ImproperlyConfigured
    except ImportError as error:
        raise UsageError("serve needs the web extra: pip install 'sightline[web]'.") from error
    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise UsageError(str(error)) from error


def port_is_public(host: str) -> bool:
    """Whether others than this machine can reach a site that listens on `host`."""
    if host == "localhost":
        return False
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return True


def require_port(host: str, port: int) -> None:
    """Refuse an address on which the site could not listen; the server itself would end in its log.

    Raises:
        UsageError: there is no such port.
        SightlineError: another program has it, this user may not, or the host is not this machine.
    """
    if not 0 <= port <= 65535:
        raise UsageError(f"--port {port}: give a number from 0 to 65535.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host.strip("[]"), port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            why = f"--port {port}: another program listens there already. Choose another; 0 takes any free one."
        elif error.errno in (errno.EACCES, errno.EPERM):
            why = f"--port {port}: this user may not listen there. Choose one above 1023."
        else:
            why = f"--host {host}: is no address of this machine. Leave it out to serve this machine alone."
        raise SightlineError(why) from error


def _migrate() -> None:
    from django.conf import settings
    from django.core.management import call_command
    from django.db import OperationalError

    try:
        call_command("migrate", verbosity=0, interactive=False)
    except OperationalError as error:
        raise SightlineError(
            f"The database cannot be reached: {str(error).strip().splitlines()[0]}\nCheck DATABASE_URL."
        ) from error
    if not getattr(settings, "WHITENOISE_USE_FINDERS", False):
        call_command("collectstatic", verbosity=0, interactive=False)


def _create_admin(name: str) -> None:
    from django.core.exceptions import ValidationError

    from sightline.web.accounts.views import create_admin

    password = os.environ.get("SIGHTLINE_ADMIN_PASSWORD")
    if password is None:
        if not sys.stdin.isatty():
            raise UsageError(
                "--create-admin: nobody is there to type a password; put it into SIGHTLINE_ADMIN_PASSWORD."
            )
        password = getpass.getpass("Password: ")
        if getpass.getpass("Once more: ") != password:
            raise UsageError("--create-admin: the two passwords differ.")
    try:
        create_admin(name, password)
    except ValidationError as error:
        raise UsageError("--create-admin: " + " ".join(error.messages)) from error
    note(f"{name} can now sign in.")


def _listen(host: str, port: int) -> None:
    from gunicorn.app.base import BaseApplication

    class Site(BaseApplication):
        def load_config(self) -> None:
            for key, value in gunicorn_settings(host, port).items():
                self.cfg.set(key, value)

        def load(self) -> Any:
            from sightline.web.wsgi import application

            return application

    Site().run()


def gunicorn_settings(host: str, port: int) -> dict[str, Any]:
    """One process, many threads; `deploy/gunicorn.conf.py` uses them too."""
    from sightline.web.worker import share

    options = Options.from_environment()
    name = f"[{host}]" if ":" in host and not host.startswith("[") else host

    def ready(server: Any) -> None:
        where = server.LISTENERS[0].sock.getsockname()[1] if getattr(server, "LISTENERS", None) else port
        shown = RunFolder.all_in(options.runs)
        note(f"Sightline serves {len(shown)} run{'' if len(shown) == 1 else 's'} of {options.runs}")
        if not shown:
            note(f"Nothing is there to show yet: sightline demo --out {shlex.quote(str(options.runs / 'demo'))}, or")
            note(f"sightline train PHOTOS --out {shlex.quote(str(options.runs / 'first'))}; the site shows it at once.")
        note(f"Open http://{name}:{where} · stop with Ctrl-C")

    return {
        "bind": [f"{name}:{port}"],
        "workers": 1,
        "worker_class": "sightline.web.worker.FairThreads",
        "threads": share(options) * (1 if options.trusted_proxies else 2),
        "worker_connections": 2 * options.queue + 400,
        "backlog": 512,
        "timeout": 120,
        "graceful_timeout": 30,
        "keepalive": 15,
        "limit_request_line": 8190,
        "accesslog": None,
        "errorlog": "-",
        "loglevel": "warning",
        "control_socket_disable": True,
        "when_ready": ready,
        "post_worker_init": _warm,
        "worker_exit": _close,
    }


def _warm(worker: Any) -> None:
    """Load the model while the first visitor is still on the way."""
    import threading

    from sightline.web.answering.service import desks

    threading.Thread(target=desks().warm, name="warm", daemon=True).start()


def _close(server: Any, worker: Any) -> None:
    """After SIGTERM, when gunicorn has let the last request finish."""
    from sightline.web.answering.service import desks

    desks().close()
