"""A model folder from a stranger: what cannot be right is refused with one line, never answered with.

Whoever hands over a folder can also make its digests agree, so here they always do.
"""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import load_file, save_file

import sightline
from hostile_run import change, vouch
from sightline.errors import SightlineError
from sightline.predictor import NO_NUMBER, Predictor


def refused(run: Path, said: str) -> None:
    with pytest.raises(SightlineError, match=said) as caught:
        sightline.load(run)
    assert str(caught.value).count("\n") <= 1


def put(described: dict[str, Any], way: str, value: Any) -> None:
    *parts, last = way.split(".")
    for part in parts:
        described = described[part]
    described[last] = value


@pytest.mark.parametrize(
    ("way", "value"),
    [
        ("calibration.temperature", -1), ("calibration.temperature", 0), ("calibration.temperature", 1e30),
        ("calibration.temperature", "1"), ("calibration.temperature", None), ("calibration.threshold", 5),
        ("calibration.threshold", -1), ("calibration.coverage", 7), ("calibration.coverage", 0), ("tta", "rotate"),
        ("tta", 1), ("precision", "int4"), ("precision", ""), ("format_version", -5), ("format_version", "3"),
        ("classes", ["a", "b"]), ("classes", 6), ("preprocessing.size", 8192), ("preprocessing.std", [0, 1, 1]),
        ("members", 10**9), ("sha256", {}), ("versions", []), ("calibration", []),
    ],
)  # fmt: skip
def test_a_description_that_cannot_be_right(copy: Path, way: str, value: Any) -> None:
    change(copy / "model" / "sightline.json", lambda described: put(described, way, value))
    if way != "sha256":
        vouch(copy / "model")
    refused(copy, "sightline.json|config.json")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
@pytest.mark.parametrize("name", ["temperature", "threshold", "coverage"])
def test_a_calibration_that_is_no_number(copy: Path, name: str, number: str) -> None:
    path = copy / "model" / "sightline.json"
    stored = json.loads(path.read_text())["calibration"][name]
    path.write_text(path.read_text().replace(f'"{name}": {stored}', f'"{name}": {number}'))
    refused(copy, "sightline.json: is damaged")


def _last(described: dict[str, Any], key: str, value: Any) -> None:
    described["pretrained_cfg"][key] = value


CONFIGS: list[Callable[[dict[str, Any]], object]] = [
    lambda c: put(c, "label_names", [*c["label_names"][:-1], c["label_names"][0]]),
    lambda c: put(c, "label_names", list(reversed(c["label_names"]))),
    lambda c: put(c, "label_names", [*c["label_names"], "more"]),
    lambda c: put(c, "label_names", ["only"]),
    lambda c: put(c, "label_names", ["\x00", *c["label_names"][1:]]),
    lambda c: c.pop("label_names"),
    lambda c: put(c, "pretrained_cfg", None),
    lambda c: c.pop("pretrained_cfg"),
    *(lambda c, size=size: _last(c, "input_size", size) for size in (
        [3, 0, 0], [3, -48, -48], [3, "48", "48"], "48", None, [3, 3000, 3000], [3, 8192, 8192], [48], [3, 48, 48, 48],
    )),
    *(lambda c, mean=mean: _last(c, "mean", mean) for mean in (None, "grey", [0.5, 0.5], [1e9, 0, 0], {})),
    *(lambda c, std=std: _last(c, "std", std) for std in ([0, 0, 0], [-1, 1, 1], [1e-30, 1, 1], [1, 1])),
    lambda c: put(c, "architecture", "vit_gigantic_patch14_224"),
    lambda c: put(c, "architecture", "eva_giant_patch14_560"),
    lambda c: put(c, "architecture", "resnet18"),
    lambda c: put(c, "architecture", "local-dir:/tmp/x"),
    lambda c: put(c, "architecture", "hf-hub:someone/thing"),
    lambda c: put(c, "architecture", ["resnet18"]),
    lambda c: put(c, "architecture", "../resnet18"),
    *(lambda c, a=a: put(c, "model_args", a) for a in (
        {"checkpoint_path": "/any/file.pth"}, {"cache_dir": "/tmp"}, {"pretrained_cfg": {"file": "x"}},
        {"pretrained_cfg_overlay": {"file": "x"}}, {"depth": 1_000_000}, {"widths": [10**6] * 4}, {"unheard_of": 1},
        {"widths": [8192, 8192, 8192, 8192]}, [], "text", {"img_size": 8192},
    )),
    *(lambda c, h=h: put(c, "sightline_head", h) for h in (
        {"kind": "dense", "hidden": 1e9}, "dense", "huge", 5, ["linear"],
    )),
    *(lambda c, m=m: put(c, "sightline_members", m) for m in (0, -1, 2, 10**9, "2", None)),
]  # fmt: skip


@pytest.mark.parametrize("edit", CONFIGS)
def test_a_network_that_cannot_be_right(copy: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    change(copy / "model" / "config.json", edit)
    vouch(copy / "model") if json.loads((copy / "model" / "config.json").read_text()).get(
        "sightline_members"
    ) != 2 else 0
    refused(copy, "config.json|model.safetensors|member-1|familiarity.safetensors|has no")


@pytest.mark.parametrize(
    ("key", "value"),
    [("input_size", [3, 64, 64]), ("input_size", [3, 1048, 1048]), ("mean", [0.5, 0.5, 0.4]), ("std", [0.3, 0.2, 0.2])],
)
def test_two_files_that_prepare_photos_differently(copy: Path, key: str, value: Any) -> None:
    """Found by the search: a side of 1,048 pixels in one of the two took 7.6 GB, and was answered with."""
    change(copy / "model" / "config.json", lambda described: _last(described, key, value))
    vouch(copy / "model")
    refused(copy, "prepare photos differently")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 3e38])
@pytest.mark.parametrize("which", ["weight", "bias", "running_var"])
def test_weights_that_are_no_numbers(copy: Path, which: str, value: float) -> None:
    path = copy / "model" / "model.safetensors"
    state = {name: tensor.clone() for name, tensor in load_file(path).items()}
    name = next(n for n in state if n.endswith(which))
    state[name].view(-1)[0] = value
    if which == "running_var" and value == 3e38:
        state[name].view(-1)[0] = -1.0
    if value == 3e38 and which != "running_var":
        state = {
            n: torch.full_like(t, value) if t.is_floating_point() and n.endswith("weight") else t
            for n, t in state.items()
        }
    save_file(state, path)
    vouch(copy / "model")
    refused(copy, "no number|negative variances")


def test_an_answer_that_is_no_number_is_a_row_with_error(run_path: Path, scenes: Path) -> None:
    predictor = sightline.load(run_path)
    engine = predictor.engine
    broken = Predictor(predictor.network, engine, temperature=1.0, familiarity=predictor.familiarity)

    def run(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        embeddings, logits = engine.run(pixels)
        logits[0] = np.nan
        return embeddings, logits

    broken.engine = type(engine)(engine.name, engine.device, 64, run)
    table = broken.predict(sorted((scenes / "sea").iterdir())[:3])
    assert table["error"].tolist() == [NO_NUMBER, "", ""]
    assert table.loc[0, ["predicted", "confidence", "set", "decision"]].isna().all()
    assert table["predicted"].notna().tolist() == [False, True, True]


def damage(path: Path, kind: str) -> None:
    arrays = load_arrays(path)
    bank, distances = arrays["bank"], arrays["distances"]
    if kind == "pickled":
        path.write_bytes(pickle.dumps(arrays))
    elif kind == "cut":
        path.write_bytes(path.read_bytes()[:100])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "header":
        path.write_bytes(b"\xff" * 8 + path.read_bytes()[8:])
    else:
        spoiled = {
            "narrow": {"bank": bank[:, :-1]}, "flat": {"bank": bank[0]}, "none": {"bank": bank[:0]},
            "nan": {"bank": bank * np.float16("nan")}, "long": {"bank": bank * np.float16(100)},
            "inf": {"distances": np.append(distances[:-1], np.float32("inf"))},
            "turned": {"distances": distances[::-1].copy() + np.arange(len(distances), 0, -1, dtype=np.float32)},
            "below": {"distances": distances - 5}, "keep": {"keep": np.array([2.0])},
            "unkept": {"keep": np.array([np.nan])}, "lost": {"keep": None},
        }[kind]  # fmt: skip
        save_arrays({name: a for name, a in {**arrays, **spoiled}.items() if a is not None}, path)


@pytest.mark.parametrize(
    "kind",
    [
        "pickled", "cut", "empty", "header", "narrow", "flat", "none", "nan", "long", "inf", "turned", "below", "keep",
        "unkept", "lost",
    ],
)  # fmt: skip
def test_a_familiarity_that_cannot_be_right(copy: Path, kind: str) -> None:
    damage(copy / "model" / "familiarity.safetensors", kind)
    vouch(copy / "model")
    refused(copy, r"familiarity\.safetensors: ")


@pytest.mark.parametrize("kind", ["pickled", "cut", "empty", "header"])
def test_weights_that_are_no_safetensors(copy: Path, kind: str) -> None:
    path = copy / "model" / "model.safetensors"
    if kind == "pickled":
        state = {name: tensor.clone() for name, tensor in load_file(path).items()}  # off the file that is written over
        torch.save(state, path)
    else:
        damage_bytes = {"cut": path.read_bytes()[:100], "empty": b"", "header": b"\xff" * 8 + path.read_bytes()[8:]}
        path.write_bytes(damage_bytes[kind])
    vouch(copy / "model")
    refused(copy, r"model\.safetensors: ")


@pytest.mark.parametrize("name", ["config.json", "sightline.json", "model.safetensors", "familiarity.safetensors"])
@pytest.mark.parametrize("what", ["fifo", "device", "folder", "sparse", "gone", "loop"])
def test_only_regular_files_of_a_sane_size_are_opened(copy: Path, name: str, what: str) -> None:
    path = copy / "model" / name
    path.unlink()
    if what == "fifo":
        os.mkfifo(path)
    elif what == "device":
        path.symlink_to("/dev/zero")
    elif what == "folder":
        path.mkdir()
    elif what == "gone":
        path.symlink_to("nowhere")
    elif what == "loop":
        path.symlink_to(path.name)
    elif name.endswith(".json"):
        with open(path, "wb") as file:
            file.truncate(3 << 30)
    else:
        pytest.skip("weights may be large")
    refused(copy, "model")


def test_no_file_is_opened_for_an_argument(copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Had torch.load been called at all, this would say so."""
    weights = tmp_path / "w.pth"
    torch.save({}, weights)
    change(copy / "model" / "config.json", lambda c: put(c, "model_args", {"checkpoint_path": str(weights)}))
    vouch(copy / "model")
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("a file of the folder was unpickled"))
    refused(copy, "model_args.checkpoint_path is not known")


def test_folders_of_earlier_versions_are_read(copy: Path, photo: Path) -> None:
    before = sightline.load(copy).predict([photo])

    def older(described: dict[str, Any]) -> None:
        described["format_version"] = 1
        del described["digest"]

    change(copy / "model" / "sightline.json", older)
    assert sightline.load(copy).predict([photo]).equals(before)
