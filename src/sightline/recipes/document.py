"""A recipe's file, or a RUN/config.yaml -> its values. It may come from anywhere, so nothing in it is trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from sightline.errors import UsageError
from sightline.system import regular

_MOST_BYTES = 1 << 18
_GONE = {"average": 0.0}
"""Options that nothing ever read, with the only value that was true of them: earlier runs name them."""


class _Plain(yaml.SafeLoader):
    """YAML without references to other parts of itself: a few lines of them stand for more than any memory holds."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "has a reference", self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        return super().compose_node(parent, index)


def read(path: str | Path) -> dict[str, Any]:
    """The values of a recipe or a RUN/config.yaml, not yet checked.

    Raises:
        UsageError: the file is absent, is not YAML, or is not a mapping.
    """
    try:
        data = regular.read(path, _MOST_BYTES)
    except regular.Unreadable as error:
        raise UsageError(f"{path}: cannot be read: {error.detail}.") from error
    try:
        values = yaml.load(data.decode("utf-8"), _Plain)  # noqa: S506  (a SafeLoader that takes less)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" (see line {where.line + 1})" if where is not None else ""
        raise UsageError(f"{path}: is not a recipe{line}. `sightline recipes default` shows one.") from error
    if not isinstance(values, dict):
        raise UsageError(
            f"{path}: is not a recipe: expected lines such as 'epochs: 5'. See `sightline recipes default`."
        )
    return {key: value for key, value in values.items() if key not in _GONE or value != _GONE[key]}


def require_no_pickle(weights: str | None, origin: str | Path) -> None:
    """Refuse weights that came along with a recipe or a run and would have to be unpickled.

    Args:
        weights: what the recipe or config.yaml names.
        origin: its file. What lies in its folder, or is named relative to wherever one happens to be, came along.

    Raises:
        UsageError: they are neither safetensors nor a folder, and came along.
    """
    if not weights or Path(weights).suffix == ".safetensors" or Path(weights).is_dir():
        return
    home = Path(origin).resolve().parent
    if not Path(weights).is_absolute() or Path(weights).resolve().is_relative_to(home):
        raise UsageError(
            f"{origin}: names weights that came with it and are no safetensors ({weights}), so they are not opened.\n"
            "Where you trust them, give them yourself with --weights."
        )
