"""A checkpoint comes back exactly, and a damaged one is named."""

from __future__ import annotations

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


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"{}" + b, lambda b: b"\x80\x04." * 50]
)
def test_a_damaged_file_is_named(tmp_path: Path, damage: object) -> None:
    checkpoint.save(tmp_path, {"a": torch.ones(100)}, {})
    path = tmp_path / checkpoint.NAME
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(SightlineError, match="damaged"):
        checkpoint.load(tmp_path)
