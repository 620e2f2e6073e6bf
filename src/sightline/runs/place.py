"""A run's folder as a place: made, held by one process, failed, gone on with, removed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Literal, Self

from sightline.errors import SightlineError, UsageError
from sightline.system import regular
from sightline.system.files import NoRoom, is_temporary, open_to_append, require_writable, sweep, write_text
from sightline.system.marker import MARKER, mark

try:
    import fcntl
except ImportError:  # Windows has no flock: there a run is not kept from a second process
    fcntl = None  # type: ignore[assignment]

Status = Literal["complete", "running", "interrupted", "failed"]
_LOCK, _FAILED = ".lock", "failed.txt"
_MOST_BYTES = 1 << 16  # of the reason why a run failed


class Place:
    """The folder of a run, whatever stands in it."""

    def __init__(self, path: str | Path, whole: Path | None = None) -> None:
        self.path = Path(path)
        self._made = False  # by this very process
        self.whole = whole or self.path
        """What --resume takes: this folder, or the run that this fold belongs to."""

    @classmethod
    def create(cls, path: str | Path) -> Self:
        """A new, empty run folder.

        Raises:
            UsageError: there is something at `path` already.
            SightlineError: the folder cannot be made.
        """
        run = cls(path)
        run._made = not run.path.exists()
        try:
            run.path.mkdir(parents=True, exist_ok=True)
            sweep(run.path)
        except OSError as error:
            raise SightlineError(
                f"{path}: cannot be made ({error.strerror}). Choose another folder with --out."
            ) from error
        cls.require_free(path)
        mark(run.path, "a run")
        return run

    @classmethod
    def require_free(cls, path: str | Path) -> None:
        """Refuse a place for a new run that is taken, or where nothing can be written.

        Raises:
            UsageError: there is something at `path`.
            SightlineError: the folder could not be made.
        """
        path = Path(path)
        try:
            if path.is_dir() and any(
                entry.name not in (_LOCK, MARKER) and not is_temporary(entry.name) for entry in path.iterdir()
            ):
                raise UsageError(f"--out {path}: is not empty. Choose another folder, or go on with --resume {path}.")
        except OSError as error:
            raise SightlineError(f"--out {path}: cannot be read ({error.strerror}). Choose another folder.") from error
        require_writable(path, folder=True)

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """The run at `path`.

        Raises:
            UsageError: there is no run.
        """
        run = cls(path)
        if not run.path.exists():
            raise UsageError(f"{path}: there is no such folder. Give a run, which is what `sightline train` leaves.")
        if {entry.name for entry in run.path.glob("*")} - {MARKER} == {_LOCK}:
            raise UsageError(f"{path}: nothing of this run was written yet. Run the command that began it again.")
        if not (run.path / "config.yaml").exists():
            raise UsageError(f"{path}: is not a run (it has no config.yaml). A run is what `sightline train` leaves.")
        return run

    @classmethod
    def all_in(cls, folder: str | Path) -> list[Self]:
        """The runs in `folder`, or `folder` itself if it is one; by name."""
        folder = Path(folder)
        places = [folder, *sorted(folder.iterdir())] if folder.is_dir() else []
        return [cls(place) for place in places if (place / "config.yaml").is_file()]

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.resolve().name

    @property
    def model(self) -> Path:
        """The model folder."""
        return self.path / "model"

    @property
    def checkpoint(self) -> Path:
        """The folder of what --resume needs."""
        return self.path / "checkpoint"

    def fold(self, number: int) -> Self:
        """The files of one fold, counted from 1; they are named as those of a run."""
        return type(self)(self.path / "folds" / str(number), whole=self.path)

    @property
    def report(self) -> Path:
        """The report for people."""
        return self.path / "report.html"

    @property
    def status(self) -> Status:
        """complete: it has its report; running: a process holds it; failed: it says why; interrupted: none of these."""
        if self.report.is_file() and (self.path / "evaluation.json").is_file():
            return "complete"
        try:
            with self.hold():
                return "failed" if self.failure else "interrupted"
        except SightlineError:
            return "running"

    @property
    def failure(self) -> str:
        """Why the run failed; "" where it did not."""
        try:
            return regular.read(self.path / _FAILED, _MOST_BYTES).decode("utf-8", "replace").strip()
        except regular.Unreadable:
            return ""

    def write_failure(self, reason: str) -> None:
        """Write down why the run failed; "" takes it back."""
        if reason:
            write_text(self.path / _FAILED, reason + "\n")
        else:
            (self.path / _FAILED).unlink(missing_ok=True)

    def remove(self) -> None:
        """Take away a run that came to nothing: what it wrote so far, and the folder if it was made for it."""
        for name in (
            *("config.yaml", "dataset.json", "samples.parquet", "problems.csv", "log.txt"),
            *(_FAILED, MARKER, _LOCK),
        ):
            (self.path / name).unlink(missing_ok=True)
        if self._made:
            with suppress(OSError):  # something else was put into it
                self.path.rmdir()

    @property
    def has_learned(self) -> bool:
        """Whether there is anything of a training in it."""
        return any((self.path / name).exists() for name in ("metrics.csv", "checkpoint", "folds", "evaluation.json"))

    @contextmanager
    def work(self) -> Iterator[None]:
        """Hold the run to write into it. What a killed process left half written goes; a full disk says how to go on.

        Raises:
            SightlineError: another process has it, or the disk is full.
        """
        self._require_own()
        with self.hold():
            sweep(self.path)
            try:
                yield
            except NoRoom as error:
                if not (self.path / "config.yaml").exists():
                    self.remove()  # nothing is there to go on with: the same command begins it again
                    raise
                raise SightlineError(
                    f"{error.path}: {error.reason}. Free some space, then run: {self.going_on}"
                ) from error

    def _require_own(self) -> None:
        """Refuse to write through a link: a run that was handed over may lead to a person's own files."""
        for name in ("model", "extras", "checkpoint", "folds"):
            if (self.path / name).is_symlink():
                raise SightlineError(
                    f"{self.path / name}: is a link to another place, through which a run is not written.\n"
                    "Copy what it leads to into the run, in its place."
                )

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep other processes from working on this run. The lock goes with the process, however it ends.

        Raises:
            SightlineError: another process has it.
        """
        try:
            descriptor = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
        except OSError:  # a run on a read-only disk: nobody can be working on it
            yield
            return
        try:
            try:
                if fcntl is not None:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise SightlineError(
                    f"{self.path}: another process is working on this run. Wait for it to end."
                ) from error
            yield
        finally:
            os.close(descriptor)

    def log(self, text: str) -> None:
        """Add a line to log.txt, with the time. A log that cannot be written costs no training."""
        line = f"{datetime.now():%Y-%m-%d %H:%M:%S}  {text}\n".encode("utf-8", "backslashreplace")
        with suppress(OSError, SightlineError):
            descriptor = open_to_append(self.path / "log.txt")
            try:
                os.write(descriptor, line)
            finally:
                os.close(descriptor)

    @property
    def incomplete(self) -> SightlineError:
        """What to raise where a complete run is needed and this one is none."""
        if failure := self.failure:
            return SightlineError(f"{self.path}: failed: {failure}\nWhen that is mended: {self.going_on}")
        return SightlineError(f"{self.path}: is not complete. Finish it: {self.going_on}")

    @property
    def going_on(self) -> str:
        """The command that goes on with this run."""
        return f"sightline train --resume {self.whole}"


def default_path(dataset: str, model: str, now: datetime | None = None) -> Path:
    """runs/<date>-<time>-<dataset>-<model>/, with only letters, digits, dots and dashes in the names."""
    parts = [f"{now or datetime.now():%Y-%m-%d-%H%M%S}", dataset, model]
    tidy = ("".join(c if c.isalnum() or c in ".-_" else "-" for c in part).strip("-.")[:60] for part in parts)
    return Path("runs") / "-".join(part for part in tidy if part)
