"""A file of weights is read, whatever wrote it; anything else is refused in plain words."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from sightline.errors import SightlineError
from sightline.models import zoo
from sightline.models.weights import read_weights

STATE = {"a.weight": torch.arange(6.0).view(2, 3), "a.bias": torch.ones(2)}
THEIRS = ("weights_only", "torch.load", "pickle module", "UnpicklingError", "Traceback", "safetensors_rust")


def same(found: dict[str, torch.Tensor]) -> bool:
    return found.keys() == STATE.keys() and all(found[name].equal(STATE[name]) for name in STATE)


@pytest.mark.parametrize("name", ["w.safetensors", "w.pth", "w"])
def test_the_content_says_what_it_is_not_the_name(name: str, tmp_path: Path) -> None:
    save_file(STATE, tmp_path / name)
    assert same(read_weights(tmp_path / name))
    torch.save(STATE, tmp_path / name)
    assert same(read_weights(tmp_path / name))
    torch.save(STATE, tmp_path / name, _use_new_zipfile_serialization=False)
    assert same(read_weights(tmp_path / name))


def test_a_header_of_any_length_is_known(tmp_path: Path) -> None:
    """Its length comes first in the file: 128 begins with the byte that begins a pickle."""
    for length in range(1, 80):
        name = "n" * length
        save_file({name: torch.ones(1)}, tmp_path / "w")
        assert list(read_weights(tmp_path / "w")) == [name]


@pytest.mark.parametrize("wrapper", ["state_dict", "model", "state_dict_ema"])
def test_what_trainers_put_around_is_taken_off(wrapper: str, tmp_path: Path) -> None:
    inside = {f"module.{name}": tensor for name, tensor in STATE.items()}
    torch.save({wrapper: inside, "epoch": 3}, tmp_path / "w.pth")
    assert same(read_weights(tmp_path / "w.pth"))


def make_png(path: Path) -> None:
    Image.new("RGB", (8, 8)).save(path, "PNG")


def make_whole_network(path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), path)


def make_cut_pickle(path: Path) -> None:
    torch.save(STATE, path)
    path.write_bytes(path.read_bytes()[:300])


def make_cut_safetensors(path: Path) -> None:
    save_file(STATE, path)
    path.write_bytes(path.read_bytes()[:-3])


def make_plain_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps({"a": 1}))


HOSTILE = {
    "a picture": make_png,
    "a whole network": make_whole_network,
    "a list": lambda path: torch.save([1, 2], path),
    "numbers": lambda path: torch.save({"a": 1}, path),
    "nothing": lambda path: torch.save({}, path),
    "a cut pickle": make_cut_pickle,
    "a cut safetensors": make_cut_safetensors,
    "a plain pickle": make_plain_pickle,
    "an empty file": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("weights: yes"),
    "json": lambda path: path.write_text(json.dumps({"a": [1.0]})),
    "a folder of another kind's header": lambda path: path.write_bytes(b"\x10\0\0\0\0\0\0\0{" + b"x" * 40),
}


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".png"])
@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_weights_is_refused_in_our_own_words(kind: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"w{suffix}"
    HOSTILE[kind](path)
    with pytest.raises(SightlineError) as caught:
        read_weights(path)
    assert str(path) in str(caught.value)
    assert not [word for word in THEIRS if word in str(caught.value)]


def test_a_device_is_not_opened() -> None:
    with pytest.raises(SightlineError, match="neither a file nor a folder"):
        read_weights(Path("/dev/zero"))


@pytest.mark.parametrize(
    ("theirs", "ours"), [("resnet34", "resnet18"), ("resnet18", "resnet34"), ("vgg11", "resnet18")]
)
def test_weights_of_another_network_are_not_taken_in_part(theirs: str, ours: str, tmp_path: Path) -> None:
    """timm fills what has the right name and shape, and leaves the rest at random values."""
    if theirs == "vgg11":
        state = {"features.0.weight": torch.zeros(64, 3, 3, 3)}
    else:
        state = timm.create_model(theirs).state_dict()
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(SightlineError, match="--model") as caught:
        zoo.build(ours, classes=("a", "b"), weights=tmp_path / "w.safetensors", size=64)
    assert "Error(s) in loading" not in str(caught.value)
