"""Listing a folder that may hold anything. No file is opened unless its name leaves open whether it is a photo.

Loops of links end, pipes and devices are never touched, and what cannot be read or named is listed, not tripped over.
Real folders are listed first and links to folders after them, so that a folder that can be reached both ways keeps its
own name.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sightline.data.decoding import signatures
from sightline.data.decoding.regular import Undecodable, open_regular
from sightline.data.reading import naming
from sightline.data.reading.limits import DEEPEST
from sightline.data.table import Problem, printable
from sightline.errors import SightlineError
from sightline.system import marker
from sightline.system.progress import track


@dataclass
class Folder:
    """One folder: the names of the photos directly in it, and the folders below it that hold photos."""

    path: str
    """Relative to the root, "" for the root itself, with forward slashes."""
    files: list[str] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)
    ours: bool = False
    """Whether Sightline wrote it, so that nothing in it is data."""

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def count(self) -> int:
        """How many photos are in it, at any depth."""
        return len(self.files) + sum(folder.count for folder in self.folders)

    def photos(self) -> Iterator[str]:
        """The paths of all photos in it, relative to the root, at any depth."""
        yield from (within(self.path, name) for name in self.files)
        for folder in self.folders:
            yield from folder.photos()


def within(folder: str, name: str) -> str:
    """The path of `name` in `folder`, relative to the root."""
    return f"{folder}/{name}" if folder else name


@dataclass
class Listing:
    """What `walk` found."""

    root: Path
    """The folder that was listed."""
    tree: Folder
    """All photos by folder; folders without a photo at any depth are not in it."""
    problems: list[Problem]
    """What was passed over, and why."""
    empty: list[str]
    """The folders without photos, as paths relative to the root."""
    tables: list[str]
    """The tables that lie among the photos, as paths relative to the root."""
    written: str = ""
    """What Sightline wrote here, in words, where the root itself is a folder that it wrote."""


def walk(root: Path) -> Listing:
    """List everything under `root`, in the order of names.

    Raises:
        SightlineError: `root` itself cannot be listed.
    """
    try:
        os.scandir(root).close()
        with track("Listing the photos", None, "files") as advance:
            return _Walk(root, advance).run()
    except OSError as error:
        raise SightlineError(f"{root}: the folder cannot be read ({error.strerror}).") from error


class _Walk:
    """The state of one walk: which folders were seen, which links are still to be followed."""

    def __init__(self, root: Path, advance: Callable[..., None]) -> None:
        self.root = root
        self.real_root = os.path.realpath(root)
        self.advance = advance
        self.problems: list[Problem] = []
        self.tables: list[str] = []
        self.ours: list[tuple[str, str]] = []  # folders that Sightline wrote, and what each is
        self.written = ""
        self.seen = {self._identity(""): ""}
        self.links: deque[tuple[Folder, str]] = deque()

    def run(self) -> Listing:
        tree = self.read("", 0)
        while self.links:
            self.follow(*self.links.popleft())
        empty: list[str] = []
        _prune(tree, empty)
        if self.ours:
            path, what = min(self.ours)
            others = f", and so are {len(self.ours) - 1:,} others" if len(self.ours) > 1 else ""
            detail = f"written by Sightline ({what}), so no data{others}"
            self.problems.append((path, "own output", detail, "passed over"))
        return Listing(self.root, tree, self.problems, sorted(empty), sorted(self.tables), self.written)

    def read(self, path: str, depth: int) -> Folder:
        here = Folder(path)
        try:
            with os.scandir(self.root / path) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            self.problem(path, "unreadable", f"the folder cannot be listed ({error.strerror})")
            return here
        what = marker.kind(self.root / path, {entry.name for entry in entries})
        if what and not path:
            self.written = what
        elif what:
            self.ours.append((path, what))
            here.ours = True
            return here
        for entry in entries:
            name = entry.name
            below = within(path, name)
            if naming.is_clutter(name):
                continue
            if printable(name) != name:
                self.problem(printable(below), "unreadable", "its name is not valid Unicode; rename it to use it")
            elif entry.is_symlink():
                self.look_through(here, name)
            elif entry.is_dir(follow_symlinks=False):
                self.enter(here, name, depth)
            elif entry.is_file(follow_symlinks=False):
                self.sort_out(here, name)
            else:
                self.problem(below, "unreadable", "not a file (a pipe, socket or device)")
        return here

    def enter(self, here: Folder, name: str, depth: int) -> None:
        below = within(here.path, name)
        try:
            identity = self._identity(below)
        except OSError as error:
            self.problem(below, "unreadable", f"the folder cannot be read ({error.strerror})")
            return
        if identity in self.seen:
            where = repr(self.seen[identity]) if self.seen[identity] else "the dataset itself"
            self.problem(below, "link", f"leads to {where}, which is read already")
        elif depth >= DEEPEST:
            self.problem(below, "unreadable", f"more than {DEEPEST} folders deep")
        else:
            self.seen[identity] = below
            here.folders.append(self.read(below, depth + 1))

    def look_through(self, here: Folder, name: str) -> None:
        below = within(here.path, name)
        try:
            mode = (self.root / below).stat().st_mode
        except OSError as error:
            detail = "a link that leads back to itself" if error.errno == errno.ELOOP else "a link to what is not there"
            if not naming.is_sidecar(name):
                self.problem(below, "unreadable", detail)
            return
        if stat.S_ISDIR(mode):
            self.links.append((here, name))
        elif stat.S_ISREG(mode):
            self.sort_out(here, name)
        else:
            self.problem(below, "unreadable", "a link to a pipe, socket or device")

    def follow(self, here: Folder, name: str) -> None:
        target = os.path.realpath(self.root / here.path / name)
        holders = (self.real_root, os.path.realpath(self.root / here.path))
        # A link upwards would bring in the whole neighbourhood, in the end the whole disk.
        if any(os.path.commonpath([target, holder]) == target for holder in holders):
            self.problem(within(here.path, name), "link", "leads to a folder that holds the link itself")
        else:
            self.enter(here, name, here.path.count("/") + 1)

    def sort_out(self, here: Folder, name: str) -> None:
        """A regular file: a photo by its name, a text beside the photos, or something whose first bytes must tell."""
        self.advance()
        if naming.is_image(name):
            here.files.append(name)
            return
        path = within(here.path, name)
        if naming.is_table(name):
            self.tables.append(path)
        if naming.is_sidecar(name):
            return
        try:
            with open_regular(self.root / path) as file:
                kind, detail = signatures.kind(file.read(signatures.HEADER_BYTES))
        except Undecodable as error:
            kind, detail = error.problem, error.detail
        except OSError as error:
            kind, detail = "unreadable", f"it cannot be read ({error.strerror})"
        if kind in signatures.READ:
            here.files.append(name)
        else:
            self.problem(path, kind, detail)

    def problem(self, path: str, problem: str, detail: str) -> None:
        self.problems.append((path, problem, detail, "left out"))

    def _identity(self, path: str) -> tuple[int, int] | str:
        status = (self.root / path).stat()
        # Some network disks number every folder 0; there its real path has to serve.
        return (status.st_dev, status.st_ino) if status.st_ino else os.path.realpath(self.root / path)


def _prune(folder: Folder, empty: list[str]) -> None:
    """Take out the folders without photos; only the topmost of those that lie in one another is named."""
    for below in folder.folders:
        _prune(below, empty)
    bare = {below.path for below in folder.folders if not below.files and not below.folders}
    ours = {below.path for below in folder.folders if below.path in bare and below.ours}
    folder.ours = folder.ours or (bool(ours) and not folder.files and len(bare) == len(folder.folders))
    empty[:] = [path for path in empty if not any(path.startswith(f"{top}/") for top in bare)]
    empty.extend(bare - ours)
    folder.folders = sorted((below for below in folder.folders if below.path not in bare), key=lambda f: f.path)
    folder.files.sort()
