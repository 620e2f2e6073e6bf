"""hf:owner/name -> the files of a dataset on the Hugging Face hub, in the hub's own cache.

Whatever has been fetched once is found again without a network. Nothing of a repository is run: only photos, tables and
archives are fetched.
"""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from sightline.data.reading import naming
from sightline.data.reading.archive import is_archive
from sightline.errors import SightlineError, UsageError

_TABLES = (".parquet", ".csv", ".tsv", ".jsonl")
_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")


@dataclass(frozen=True)
class Found:
    """A dataset's files on this disk."""

    name: str
    root: Path
    """A folder that depends on the commit alone."""
    tables: list[tuple[Path, str]] = field(default_factory=list)
    """Parquet files with the photos in them, each with its split; empty where the photos are files."""
    archive: Path | None = None
    """The archive with the photos, where that is all there is."""


def fetch(data: str) -> Found:
    """Fetch `hf:owner/name`, with `/folder` after it for a part of it and `@revision` for another than the newest.

    Raises:
        UsageError: the text is not of this form.
        SightlineError: the hub cannot be reached, has no such dataset, or it holds no photos that can be read.
    """
    asked = re.fullmatch(r"hf:([\w.-]+/[\w.-]+)((?:/[^@]+)?)(?:@(.+))?", data)
    if not asked:
        raise UsageError(f"{data}: write hf:owner/name, or hf:owner/name/folder@revision.")
    repo, folder, revision = asked[1], asked[2].strip("/"), asked[3]
    if ".." in folder.split("/"):
        raise UsageError(f"{data}: a folder of the dataset is meant, not one outside it.")
    root = _snapshot(data, repo, folder, revision) / folder
    name = repo.split("/")[1]
    files = sorted(path.relative_to(root) for path in root.rglob("*") if path.is_file())
    if any(naming.is_image(path.name) for path in files):
        return Found(name, root)
    if tables := [path for path in files if path.suffix.lower() == ".parquet"]:
        return Found(name, root, tables=[(root / path, split_of(path)) for path in _one_config(data, tables)])
    archives = [root / path for path in files if path.name.lower().endswith(_ARCHIVES) and is_archive(root / path)]
    if len(archives) == 1:
        return Found(name, root, archive=archives[0])
    what = "several archives: fetch them by hand, unpack them" if archives else "no photos that can be read; fetch it"
    raise SightlineError(f"{data}: holds {what} and give the folder.")


def split_of(path: Path) -> str:
    """The split that a table's path names (`data/train-00000-of-00002.parquet`), "" for none."""
    _, split = _config_and_split(path)
    return split


def _config_and_split(path: Path) -> tuple[str, str]:
    """What stands before the split in a path, and the split."""
    words = re.split(r"([-_./]+)", path.as_posix())
    for place in range(0, len(words), 2):
        if split := naming.split_of(words[place]):
            return "".join(words[:place]), split
    return path.parent.as_posix(), ""


def _one_config(data: str, tables: list[Path]) -> list[Path]:
    """A repository may hold several datasets side by side; they are not to be mixed."""
    configs = sorted({_config_and_split(path)[0].strip("/.") for path in tables})
    if len(configs) > 1:
        shown = ", ".join(config or "." for config in configs[:8])
        raise SightlineError(f"{data}: holds several datasets ({shown}). Name one: {data.partition('@')[0]}/FOLDER.")
    return tables


def _snapshot(data: str, repo: str, folder: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download

    start = f"{folder}/" if folder else ""
    suffixes = (*naming.IMAGE_SUFFIXES, *_TABLES, *_ARCHIVES)
    patterns = [f"{start}*{written}" for suffix in suffixes for written in (suffix, suffix.upper())]
    try:
        endpoint = os.environ.get("HF_ENDPOINT") or None
        return Path(
            snapshot_download(repo, repo_type="dataset", revision=revision, allow_patterns=patterns, endpoint=endpoint)
        )
    except Exception as error:  # the hub's library has changed its HTTP client, and so its errors, more than once
        raise _explained(data, revision, error) from error


def _explained(data: str, revision: str | None, error: Exception) -> SightlineError:
    from huggingface_hub import errors

    if isinstance(error, errors.HFValidationError):
        return UsageError(f"{data}: not a name that the hub can have.")
    if isinstance(error, errors.GatedRepoError):
        return SightlineError(f"{data}: agree to its owner's terms on its page on the hub, then run `hf auth login`.")
    if isinstance(error, errors.RevisionNotFoundError):
        return SightlineError(f"{data}: the dataset has no revision {revision!r}.")
    if isinstance(error, errors.RepositoryNotFoundError):
        return SightlineError(f"{data}: the hub has no such dataset, or it is private: run `hf auth login`.")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return SightlineError(f"{data}: the disk is full. Free some space, or move the hub's cache with HF_HOME.")
    if os.environ.get("HF_HUB_OFFLINE", "0").lower() in ("1", "true", "yes", "on"):
        why = "HF_HUB_OFFLINE forbids asking it"
    elif isinstance(error, (errors.LocalEntryNotFoundError, ConnectionError, TimeoutError)):
        why = "it cannot be reached"
    else:
        why = (str(error).splitlines() or [""])[0][:160] or type(error).__name__
    return SightlineError(
        f"{data}: cannot be fetched, and no whole copy of it is in the hub's cache here ({why}).\n"
        "Check the network, or fetch it elsewhere and give the folder."
    )
