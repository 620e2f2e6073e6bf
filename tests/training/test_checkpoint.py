"""A checkpoint comes back exactly, and a damaged one is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from sightline.errors import SightlineError
from sightline.training import checkpoint


def test_nothing_there_is_nothing(tmp_path: Path) -> None:
    assert checkpoint.load(tmp_path) is None


def test_tensors_and_facts_come_back(tmp_path: Path) -> None:
    tensors = {"a": torch.randn(3, 4), "n": torch.tensor(7), "t": torch.randn(4, 3).t()}
    checkpoint.save(tmp_path, tensors, {"epoch": 3, "best": [0.5, -1.25], "name": "é"})
    found = checkpoint.load(tmp_path)
    assert found is not None
    assert all(torch.equal(found[0][name], tensors[name]) for name in tensors)
    assert found[1] == {"epoch": 3, "best": [0.5, -1.25], "name": "é"}


@pytest.mark.parametrize("kind", [torch.optim.AdamW, torch.optim.SGD, torch.optim.Adam])
def test_an_optimiser_goes_on_as_if_nothing_had_happened(kind: type[torch.optim.Optimizer]) -> None:
    options = {"momentum": 0.9} if kind is torch.optim.SGD else {}

    def steps(weight: torch.Tensor, optimiser: torch.optim.Optimizer, count: int) -> None:
        for _ in range(count):
            optimiser.zero_grad()
            (weight**2).sum().backward()
            optimiser.step()

    one = torch.nn.Parameter(torch.ones(5))
    first = kind([one], lr=0.1, **options)
    steps(one, first, 3)
    two = torch.nn.Parameter(one.detach().clone())
    second = kind([two], lr=0.1, **options)
    kept = {name: tensor.clone() for name, tensor in checkpoint.optimiser_tensors(first).items()}  # as on disk
    checkpoint.restore_optimiser(second, kept)
    steps(one, first, 3)
    steps(two, second, 3)
    assert torch.equal(one, two)


SHAPES = {"weight": (3, 4), "bias": (3,)}


def standing(**changes: torch.Tensor | None) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint of a small network, some of them changed; None takes one away."""
    good = {f"{part}.{name}": torch.zeros(shape) for part in ("model", "best") for name, shape in SHAPES.items()}
    good |= {
        "optimiser.0.step": torch.tensor(3.0),
        "optimiser.0.exp_avg": torch.zeros(3, 4),
        "steps": torch.zeros(2, 6),
    }
    good |= {name.replace("__", "."): tensor for name, tensor in changes.items() if tensor is not None}
    return {name: t for name, t in good.items() if changes.get(name.replace(".", "__"), t) is not None}


def test_a_checkpoint_of_this_network_is_taken(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, standing(), {})
    assert checkpoint.load(tmp_path, SHAPES) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"model__weight": torch.zeros(4, 3)},
        {"best__bias": None},
        {"steps": None},
        {"steps": torch.zeros(2, 5)},
        {"model__more": torch.zeros(3)},
        {"optimiser__1__exp_avg": torch.zeros(5000, 900)},
        {f"optimiser__{n}__x": torch.zeros(3) for n in range(20)},
    ],
)
def test_the_checkpoint_of_another_network_is_refused_before_it_is_read(tmp_path: Path, changes: dict) -> None:
    checkpoint.save(tmp_path, standing(**changes), {})
    with pytest.raises(SightlineError, match="not the checkpoint of this network"):
        checkpoint.load(tmp_path, SHAPES)


def test_a_weight_that_changed_on_the_disk_is_noticed(tmp_path: Path) -> None:
    """The file is whole and well formed; a training would go on from other weights."""
    checkpoint.save(tmp_path, {"a": torch.ones(100)}, {"epoch": 3})
    path = tmp_path / checkpoint.NAME
    whole = path.read_bytes()
    for old, new in ((b"\x00\x00\x80\x3f", b"\x00\x00\x80\x40"), (b"3}", b"9}")):
        assert old in whole
        path.write_bytes(whole.replace(old, new, 1))
        with pytest.raises(SightlineError, match="damaged"):
            checkpoint.load(tmp_path)


def test_what_is_no_file_is_not_passed_over(tmp_path: Path) -> None:
    """A run whose checkpoint cannot be opened would begin again from the start without a word."""
    (tmp_path / checkpoint.NAME).symlink_to("/dev/zero")
    with pytest.raises(SightlineError, match="a device"):
        checkpoint.load(tmp_path)
    (tmp_path / checkpoint.NAME).unlink()
    os.mkfifo(tmp_path / checkpoint.NAME)
    with pytest.raises(SightlineError, match="FIFO"):
        checkpoint.load(tmp_path)


@pytest.mark.parametrize("name", ["x.exp_avg", "9.exp_avg", "0.nosuch", "-1.step", "0.exp_avg_sq"])
def test_the_state_of_another_optimiser_is_refused(name: str) -> None:
    optimiser = torch.optim.AdamW([torch.nn.Parameter(torch.ones(5))])
    shape = (4,) if name == "0.exp_avg_sq" else (5,)
    with pytest.raises(SightlineError, match="damaged"):
        checkpoint.restore_optimiser(optimiser, {"0.step": torch.tensor(1.0), name: torch.zeros(shape)})


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"{}" + b, lambda b: b"\x80\x04." * 50]
)
def test_a_damaged_file_is_named(tmp_path: Path, damage: object) -> None:
    checkpoint.save(tmp_path, {"a": torch.ones(100)}, {})
    path = tmp_path / checkpoint.NAME
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(SightlineError, match="damaged"):
        checkpoint.load(tmp_path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_best_weights_that_are_no_numbers_are_refused(tmp_path: Path, value: float) -> None:
    """Found by the search: they were gone on with, until the calibration failed in a library's words."""
    checkpoint.save(tmp_path, {"best.a": torch.tensor([1.0, value])}, {})
    with pytest.raises(SightlineError, match="damaged"):
        checkpoint.load(tmp_path)
