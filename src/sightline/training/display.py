"""What a person sees while a network trains: a live bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from sightline.system import words
from sightline.system.progress import console, note

_SECONDS_BETWEEN_LINES = 10.0


class Display:
    """Phase, epoch, step, loss, val accuracy, images a second, time left."""

    def __init__(self, total_steps: int) -> None:
        self.total_steps = total_steps
        self.shown = self.started = time.monotonic()
        self.first_step: int | None = None
        self.val = ""
        self.progress: Progress | None = None
        if console.is_terminal:
            self.progress = Progress(
                TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.fields[figures]}"),
                TimeElapsedColumn(), console=console, transient=True,
            )  # fmt: skip
            self.task = self.progress.add_task("training", total=max(total_steps, 1), figures="")

    def __enter__(self) -> Self:
        if self.progress:
            self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.progress:
            self.progress.stop()

    def step(self, phase: str, epoch: int, epochs: int, step: int, loss: float, rate: float) -> None:
        """Called after each optimiser step; `step` counts over all phases, `rate` is in images a second."""
        now = time.monotonic()
        if self.first_step is None:
            self.first_step, self.started = step, now
        if not self.progress and now - self.shown < _SECONDS_BETWEEN_LINES:
            return
        done = step - self.first_step
        left = (now - self.started) / done * (self.total_steps - step) if done else 0.0
        figures = f"loss {loss:.3f}{self.val} · {rate:,.0f} photos/s · {words.duration(left)} left"
        place = f"{phase} {epoch}/{epochs}"
        if self.progress:
            self.progress.update(self.task, completed=step, description=place, figures=figures)
        else:
            self.shown = now
            note(f"{place} · step {step}/{self.total_steps} · {figures}")

    def epoch(self, row: dict[str, Any], epochs: int, best: bool) -> None:
        """Called with the epoch's row of metrics.csv."""
        self.val = f" · val {words.percent(row['val_accuracy'])}"
        note(
            f"{row['phase']} {row['epoch']}/{epochs} · loss {row['train_loss']:.3f}{self.val}"
            f" · {row['images_per_second']:,.0f} photos/s · {words.duration(row['seconds'])}"
            f"{' · best so far' if best else ''}"
        )
