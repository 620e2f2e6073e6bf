"""Draw the pictures of docs/trust.md, each from simulated data whose truth is known.

    python scripts/draw_pictures.py [FOLDER]        writes into docs/pictures, or into FOLDER

The figures in them come from Sightline's own functions; the same pictures come out every time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.special import softmax

from sightline.judging.heat import heat
from sightline.judging.robustness import DAMAGES, STRENGTHS, damage
from sightline.judging.slices import slices
from sightline.models.network import Network
from sightline.report.photos import spotlight
from sightline.scenes.write import draw
from sightline.trust import calibration, conformal, familiarity
from sightline.trust.intervals import mcnemar, paired_bootstrap, wilson

mpl.use("agg")
import matplotlib.pyplot as plt
import pandas as pd

BLUE, RED, GREY = "#1f6feb", "#c2410c", "#8a8f98"
STYLE = {
    "svg.hashsalt": "sightline",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.figsize": (5.6, 2.9),
    "figure.constrained_layout.use": True,
}


def main(folder: Path) -> None:
    """Draw them all."""
    folder.mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        with mpl.rc_context(STYLE):
            figure, axes = plt.subplots()
            picture(axes)
            figure.savefig(folder / f"{picture.__name__}.svg", metadata={"Date": None})
            plt.close(figure)
    for photo in (reasons, robustness):
        photo().save(folder / f"{photo.__name__}.jpg", quality=82, optimize=True)


def simulated(n: int, seed: int, sharpness: float = 1.0) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Logits (n, 6) and labels drawn from exactly their probabilities; `sharpness` then multiplies the logits."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2, (n, 6))
    chance = softmax(logits, axis=1).cumsum(axis=1)
    labels = (chance < generator.random((n, 1))).sum(axis=1).clip(max=5)
    return logits * sharpness, labels


def interval(axes: plt.Axes) -> None:
    """Forty test sets of one model that is right 93 times in 100: about two of forty intervals miss the truth."""
    hits = np.random.default_rng(4).binomial(300, 0.93, 40)
    for i, k in enumerate(sorted(hits)):
        low, high = wilson(int(k), 300)
        missed = not low <= 0.93 <= high
        axes.plot([low, high], [i, i], color=RED if missed else BLUE, lw=2 if missed else 1.2)
        axes.plot(k / 300, i, "o", ms=2.5, color=RED if missed else BLUE)
    axes.axvline(0.93, color=GREY, lw=1, ls="--")
    axes.set(xlabel="accuracy measured on 300 photos, with its 95 % interval", yticks=[], title="one line per test set")
    axes.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, 0))


def compare(axes: plt.Axes) -> None:
    """Two models on the same 1,000 photos: only the photos on which they differ can tell them apart."""
    generator = np.random.default_rng(1)
    easy = generator.random(1000) < 0.88
    a, b = easy | (generator.random(1000) < 0.25), easy | (generator.random(1000) < 0.50)
    both, only_a, only_b = (a & b).sum(), (a & ~b).sum(), (b & ~a).sum()
    difference, low, high = paired_bootstrap(a, b)
    counts = {"both right": both, "only A": only_a, "only B": only_b, "neither": 1000 - both - only_a - only_b}
    axes.barh(list(counts), list(counts.values()), color=[GREY, RED, BLUE, GREY])
    for i, count in enumerate(counts.values()):
        axes.text(count + 8, i, str(count), va="center")
    axes.invert_yaxis()
    axes.set(
        xlabel="photos",
        title=f"B − A: {100 * difference:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f}), p = {mcnemar(a, b):.1g}",
    )


def ledger(axes: plt.Axes) -> None:
    """The best of N equally good models flatters itself more, the more often the test set is opened."""
    draws = np.random.default_rng(2).binomial(1000, 0.90, (4000, 50)) / 1000
    best = [draws[:, :n].max(axis=1).mean() for n in range(1, 51)]
    axes.plot(range(1, 51), best, color=BLUE)
    axes.axhline(0.90, color=GREY, ls="--", lw=1)
    axes.text(50, 0.8995, "what every one of them is worth", ha="right", va="top", color=GREY)
    axes.set_ylim(0.896, 0.923)
    axes.set(xlabel="times the test set was opened (1,000 photos)", ylabel="best accuracy shown")
    axes.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, 1))


def calibrated(axes: plt.Axes) -> None:
    """A model made twice too sure of itself, before and after the temperature that validation photos ask for."""
    val, val_labels = simulated(2000, 0, sharpness=2)
    test, labels = simulated(3000, 1, sharpness=2)
    temperature = calibration.fit_temperature(val, val_labels)
    axes.plot([0, 1], [0, 1], color=GREY, ls="--", lw=1)
    for colour, name, p in (
        (RED, "before", calibration.probabilities(test)),
        (BLUE, f"after, temperature {temperature:.2f}", calibration.probabilities(test, temperature)),
    ):
        diagram = calibration.reliability(p, labels)
        seen = diagram.count >= 10
        error = [(diagram.accuracy - diagram.low)[seen], (diagram.high - diagram.accuracy)[seen]]
        label = f"{name}: ECE {calibration.ece(p, labels):.3f}"
        x, y = diagram.confidence[seen], diagram.accuracy[seen]
        axes.errorbar(x, y, error, fmt="o-", ms=3, lw=1.2, color=colour, label=label)
    axes.legend(frameon=False, fontsize=9)
    axes.set(xlabel="how sure it says it is", ylabel="how often it is right")


def chance(axes: plt.Axes) -> None:
    """Even perfectly calibrated probabilities measure an ECE above zero."""
    logits, _ = simulated(500, 3)
    p = calibration.probabilities(logits)
    generator = np.random.default_rng(0)
    drawn = [
        calibration.ece(p, (p.cumsum(axis=1) < generator.random((len(p), 1))).sum(axis=1).clip(max=5))
        for _ in range(600)
    ]
    limit = calibration.ece_by_chance(p)
    axes.hist(drawn, 30, color=BLUE, alpha=0.7)
    axes.axvline(limit, color=RED)
    axes.text(limit, axes.get_ylim()[1], " chance alone stays below\n this 95 times in 100", va="top", color=RED)
    axes.set(xlabel="ECE of a perfectly calibrated model on 500 photos", yticks=[], xlim=(0, 0.09))


def sets(axes: plt.Axes) -> None:
    """Coverage of 95 % sets on two hundred test sets, and how large the sets are."""
    covered, size = [], []
    for seed in range(200):
        val, val_labels = simulated(500, 2 * seed)
        test, labels = simulated(1000, 2 * seed + 1)
        threshold = conformal.fit(softmax(val, axis=1), val_labels, 0.95)
        inside = conformal.sets(softmax(test, axis=1), threshold)
        covered.append(conformal.coverage(inside, labels))
        size.append(inside.sum(axis=1).mean())
    axes.hist(covered, 24, color=BLUE, alpha=0.7)
    axes.axvline(0.95, color=GREY, ls="--", lw=1)
    least = conformal.least_coverage(500, 1000)
    axes.axvline(least, color=RED)
    axes.text(least, axes.get_ylim()[1], "chance goes below \nthis 5 times in 100 ", ha="right", va="top", color=RED)
    axes.set(
        xlabel="share of 1,000 test photos whose set held the truth",
        yticks=[],
        title=f"95 % asked, {100 * np.mean(covered):.1f} % on average; {np.mean(size):.1f} classes in a set",
    )
    axes.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, 0))


def familiar(axes: plt.Axes) -> None:
    """Distances to the training photos: validation photos set the limit that strangers exceed."""
    generator = np.random.default_rng(5)
    centres = generator.normal(0, 1, (6, 48))

    def kin(n: int) -> NDArray[np.float64]:
        return centres[generator.integers(0, 6, n)] + generator.normal(0, 0.8, (n, 48))

    fitted = familiarity.fit(kin(1500), kin(600))
    shown = {
        "photos of the same kinds": (kin(1500), BLUE),
        "something else": (generator.normal(0, 1.3, (1500, 48)), RED),
    }
    for name, (photos, colour) in shown.items():
        axes.hist(fitted.score(photos), 40, color=colour, alpha=0.6, label=name)
    axes.axvline(fitted.threshold, color="black", lw=1)
    axes.text(fitted.threshold, axes.get_ylim()[1], " unfamiliar from here", va="top")
    axes.legend(frameon=False, loc="upper right")
    axes.set_xlim(0.1, 1.15)
    axes.set(xlabel="distance to the nearest training photos", yticks=[])


def weakness(axes: plt.Axes) -> None:
    """A model that fails in the dark: the slice is found, and the lucky and unlucky ones are left in peace."""
    generator = np.random.default_rng(6)
    label = generator.choice(["forest", "glacier", "sea", "street"], 1500)
    samples = pd.DataFrame({"label": label, "brightness": generator.uniform(20, 235, 1500)})
    right = generator.random(1500) < np.where(samples["brightness"] < 90, 0.82, 0.95)
    table = slices(samples, right)
    for i, row in enumerate(table.itertuples()):
        colour = RED if row.worse else BLUE
        axes.plot([row.low, row.high], [i, i], color=colour, lw=1.5)
        axes.plot(row.accuracy, i, "o", ms=4, color=colour)
    axes.axvline(right.mean(), color=GREY, ls="--", lw=1)
    axes.set_yticks(range(len(table)), [name.split(" (")[0] for name in table["slice"]])
    axes.invert_yaxis()
    axes.set(xlabel="accuracy, with its 95 % interval")
    axes.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, 0))


def robustness() -> Image.Image:
    """One drawn scene under each damage, mild to strong."""
    photo = np.asarray(draw("buildings", 2, 96))
    rows = [
        np.hstack([photo, *(damage(photo, change, DAMAGES[change][i]) for i in range(len(STRENGTHS)))])
        for change in DAMAGES
    ]
    return Image.fromarray(np.vstack(rows))


class _FindsRed(torch.nn.Module):
    """A network by hand, in timm's form: its one feature is how red a place is, its classes are "buoy" and "sea"."""

    num_features = 1

    def forward_features(self, images: torch.Tensor) -> torch.Tensor:
        """(n, 3, S, S) -> (n, 1, 12, 12)."""
        red = torch.relu(images[:, :1] - images[:, 1:].amax(dim=1, keepdim=True) - 0.3)
        return torch.nn.functional.adaptive_avg_pool2d(red, 12)

    def forward_head(self, features: torch.Tensor, pre_logits: bool) -> torch.Tensor:  # noqa: ARG002
        """(n, 1)."""
        return features.mean(dim=(2, 3))

    def get_classifier(self) -> torch.nn.Module:
        """buoy, sea."""
        return self.last

    def __init__(self) -> None:
        super().__init__()
        self.last = torch.nn.Linear(1, 2)
        with torch.no_grad():
            self.last.weight.copy_(torch.tensor([[40.0], [0.0]]))
            self.last.bias.copy_(torch.tensor([-1.0, 0.0]))


def reasons() -> Image.Image:
    """A photo with a red buoy, and where a network that knows only red looked for it."""
    photo = Image.fromarray(np.asarray(draw("sea", 3, 192)))
    ImageDraw.Draw(photo).ellipse((118, 112, 146, 140), fill=(215, 45, 35))
    pixels = np.asarray(photo)
    network = Network(_FindsRed(), "by hand", ("buoy", "sea"), 192, (0.5,) * 3, (0.5,) * 3)
    return Image.fromarray(np.hstack([pixels, spotlight(pixels, heat(network, pixels[None], [0])[0])]))


PICTURES: tuple[Callable[[plt.Axes], None], ...] = (
    interval,
    compare,
    ledger,
    calibrated,
    chance,
    sets,
    familiar,
    weakness,
)

if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "docs" / "pictures")
