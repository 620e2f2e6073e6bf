"""A thin frame round a photo, found and taken off, so that a framed copy is compared by what it shows.

A frame is a band of one colour along two opposite edges or all four, a tenth of the picture wide at most, that ends
sharply. What looks like one and is none, a black floor under a white ceiling, costs a photo a strip that says
nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_WIDEST = 0.1  # of the side
_EVEN = 7.0  # mean distance from a line's own colour, in grey levels, that compression leaves in a frame
_STEP = 14.0  # mean distance from the frame's colour from which a line is no frame any more
_SAME = 24.0  # between the colours of opposite sides


def frame(square: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """The box (left, top, right, bottom) in pixels of what lies within the frame of an (s, s, 3) uint8 square.

    The whole square where it has no frame. A frame within a frame, a black line on white card, is taken off as well.
    """
    side = len(square)
    most = int(side * _WIDEST)
    left, top, right, bottom = 0, 0, side, side
    while True:
        rest = square[top:bottom, left:right]
        room = most - max(left, top, side - right, side - bottom)
        down, across = _pair(rest, room), _pair(rest.swapaxes(0, 1), room)
        widths = [width for pair in (down, across) if pair is not None for width in pair if width]
        if not widths:
            return left, top, right, bottom
        # Where the photo itself begins in the colour of its frame, the frame is as wide as on its other sides.
        before, after = ([pair[end] or max(widths) if pair else 0 for pair in (across, down)] for end in (0, 1))
        left, top, right, bottom = left + before[0], top + before[1], right - after[0], bottom - after[1]


def _pair(rest: NDArray[np.uint8], room: int) -> tuple[int, int] | None:
    """How many lines of a frame lie at either end of the first axis, 0 where no end is seen; None for no frame."""
    if room < 1 or not (_is_even(rest[0]) and _is_even(rest[-1])):  # so it is with nearly all photos
        return None
    first, last = np.median(rest[0], axis=0), np.median(rest[-1], axis=0)
    if np.abs(first - last).mean() > _SAME:
        return None
    return _width(rest, first, room), _width(rest[::-1], last, room)


def _width(lines: NDArray[np.uint8], colour: NDArray[np.floating], room: int) -> int:
    """The number of lines up to the first that differs from `colour`, and that one: resizing has mixed it."""
    away = np.abs(lines[:room].astype(np.float32) - colour).mean(axis=(1, 2))
    return int(np.argmax(away > _STEP)) + 1 if (away > _STEP).any() else 0


def _is_even(line: NDArray[np.uint8]) -> bool:
    return bool(np.abs(line - np.median(line, axis=0)).mean() < _EVEN)
