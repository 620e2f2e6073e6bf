"""A network <-> a model folder: safetensors and config.json in timm's local-folder form, which timm alone can load.

In an ensemble each member is such a folder, member-1 and so on, beside a config.json that says how many there are.

A folder may come from a stranger. So its description is held to `documents.Trained`, and the shapes of its weights are
compared on torch's meta device, where nothing is allocated, before the network is built. Weights that are no numbers
are refused here, once, and not answered with.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from sightline.config import Fit
from sightline.errors import SightlineError, UsageError
from sightline.models import heads
from sightline.models.catalogue import create, is_known
from sightline.models.documents import Arguments, Described, ModelFacts, Pretrained, Start, Trained
from sightline.models.ensemble import Ensemble, parts
from sightline.models.lean import shapes_only
from sightline.models.network import Network, join
from sightline.system import regular
from sightline.system.files import replacing, sha256
from sightline.system.words import quoted

_MOST_BUFFERS = 256 << 20  # bytes that a network may need beyond its weights: tables of positions, masks
_LARGEST_WEIGHTS = 40 << 30  # bytes

_CROP_MODES: dict[Fit, str] = {"crop": "center", "pad": "border", "squash": "squash"}  # in timm's words

D = TypeVar("D", bound=Described)


def save_network(network: Network, folder: Path) -> None:
    """Write model.safetensors and config.json, with the class names as label_names, for each member of an ensemble.

    Raises:
        SightlineError: the disk is full or the folder cannot be written.
    """
    described = _described(network)
    if isinstance(network.module, Ensemble):
        for number, module in enumerate(parts(network.module), 1):
            save_network(replace(network, module=module), member(folder, number))
        described = described.model_copy(update={"sightline_members": network.members})
    else:
        with replacing(folder / "model.safetensors") as temporary:
            save_file({name: t.contiguous() for name, t in network.module.state_dict().items()}, temporary)
    described.write(folder / "config.json")


def _described(network: Network) -> Trained:
    module = parts(network.module)[0]
    cfg = getattr(module, "pretrained_cfg", {})
    return Trained(
        architecture=network.architecture,
        num_classes=len(network.classes),
        num_features=getattr(module, "num_features", None),
        label_names=network.classes,
        model_args=Arguments(**network.settings) if network.settings else None,
        sightline_head=network.head,  # type: ignore[arg-type]  # checked
        sightline_white=network.white,
        pretrained_cfg=Pretrained(
            num_classes=len(network.classes),
            input_size=(3, network.size, network.size),
            fixed_input_size=bool(cfg.get("fixed_input_size", False)),
            mean=network.mean,
            std=network.std,
            crop_mode=_CROP_MODES[network.fit],  # type: ignore[arg-type]  # checked
            first_conv=cfg.get("first_conv"),
            classifier=cfg.get("classifier"),
        ),
    )


def load_network(folder: str | Path) -> Network:
    """The trained network in a model folder, in evaluation mode.

    Raises:
        SightlineError: the folder is not a model folder, or its weights do not fit its description or are no numbers.
    """
    folder = Path(folder)
    described = _read(Trained, folder)
    if described.sightline_members == 1:
        return _load_one(folder, described)
    members = []
    for number in range(1, described.sightline_members + 1):
        one = _read(Trained, member(folder, number))
        if one.model_copy(update={"sightline_members": described.sightline_members}) != described:
            raise SightlineError(f"{member(folder, number) / 'config.json'}: differs from that of {folder}.")
        members.append(_load_one(member(folder, number), one))
    return join(members)


def _load_one(folder: Path, described: Trained) -> Network:
    path, cfg = folder / "model.safetensors", described.pretrained_cfg
    size = cfg.input_size[1]
    _require_weights(folder)
    try:
        with safe_open(path, framework="pt") as weights:
            shapes = {name: tuple(weights.get_slice(name).get_shape()) for name in weights.keys()}  # noqa: SIM118
            with shapes_only():
                _compare(_build(described, size), shapes, path)
            state = {name: weights.get_tensor(name) for name in shapes}
    except (OSError, SafetensorError, MemoryError) as error:
        raise SightlineError(
            f"{path}: is no safetensors file, or a damaged one. Copy the model folder again."
        ) from error
    for name, tensor in state.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise SightlineError(f"{path}: {name} holds what is no number, so the model cannot answer. Train again.")
        if name.endswith("running_var") and (tensor < 0).any():
            raise SightlineError(f"{path}: {name} holds negative variances, so the model cannot answer. Train again.")
    module = _build(described, size)
    try:
        module.load_state_dict(state)
    except RuntimeError as error:  # the names and shapes fit; a kind of number may not
        raise SightlineError(f"{path}: does not fit its config.json. Copy the model folder again.") from error
    return Network(
        module=module.eval(),
        architecture=described.architecture,
        classes=described.label_names,
        size=size,
        mean=cfg.mean,
        std=cfg.std,
        fit=next(fit for fit, mode in _CROP_MODES.items() if mode == cfg.crop_mode),
        white=described.sightline_white,
        head=described.sightline_head,
        origin=f"the folder {folder.name}",
        weights_digest=sha256(path),
        settings=described.arguments,
    )


def _build(described: Trained, size: int) -> Any:
    module = create(described.architecture, described.arguments, len(described.label_names))
    if described.sightline_head != "linear":
        module = heads.attach(module, described.sightline_head, len(described.label_names), size)
    return module


def _compare(module: Any, found: dict[str, tuple[int, ...]], path: Path) -> None:
    """Hold the shapes in a file against those of a network on the meta device, and what else it would take."""
    expected = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    if found != expected:
        odd = next((n for n in (*expected, *found) if expected.get(n) != found.get(n)), "")
        raise SightlineError(
            f"{path}: does not fit its config.json: {odd} is {_shape(found.get(odd))} and should be "
            f"{_shape(expected.get(odd))}. Copy the model folder again."
        )
    beside = sum(b.numel() * b.element_size() for name, b in module.named_buffers() if name not in expected)
    if beside > _MOST_BUFFERS:
        raise SightlineError(
            f"{path.parent / 'config.json'}: asks for {beside / 1e9:.1f} GB beside its weights. Copy the folder again."
        )


def _shape(shape: tuple[int, ...] | None) -> str:
    return "absent" if shape is None else "×".join(map(str, shape)) or "one number"


def _require_weights(folder: Path) -> None:
    if not (folder / "model.safetensors").exists():
        raise SightlineError(f"{folder}: has no model.safetensors. Sightline opens no pickled weights from a folder.")
    regular.require(folder / "model.safetensors", _LARGEST_WEIGHTS)


def member(folder: Path, number: int) -> Path:
    """The timm local folder of one member, counted from 1, in the folder of an ensemble."""
    return folder / f"member-{number}"


def members_in(folder: Path) -> int:
    """How many networks the ensemble in `folder` has; 1 where there is no ensemble.

    Raises:
        SightlineError: config.json cannot be read, or claims an impossible number.
    """
    return Described.read(folder / "config.json").sightline_members


def files_in(folder: Path) -> list[str]:
    """The files that make up the network in a folder, relative to it.

    Raises:
        SightlineError: as `members_in`.
    """
    one = ["model.safetensors", "config.json"]
    count = members_in(folder)
    if count == 1:
        return one
    return ["config.json", *(f"{member(Path(), number)}/{name}" for number in range(1, count + 1) for name in one)]


def read_start(folder: Path) -> Start:
    """config.json of any timm local folder, checked as far as weights to start from rely on it.

    Raises:
        SightlineError: it is absent, damaged, names no network that timm knows, or has no safetensors beside it.
    """
    described = _read(Start, folder)
    _require_weights(folder)
    return described


def _read(kind: type[D], folder: Path) -> D:
    path = folder / "config.json"
    if not path.exists() and not path.is_symlink():
        raise SightlineError(f"{path}: is not there. Is {folder} a timm local folder?")
    described = kind.read(path)
    if not is_known(described.architecture):
        raise SightlineError(f"{path}: names the network {quoted(described.architecture)}, which is not known here.")
    return described


def read_facts(folder: Path) -> ModelFacts:
    """sightline.json, after the files that it vouches for were found unchanged.

    Raises:
        UsageError: there is no model at `folder`.
        SightlineError: a file is missing, has changed or is damaged.
    """
    path = folder / "sightline.json"
    if not folder.exists():
        raise UsageError(f"{folder}: there is no such folder. Give a run that is complete, or its model folder.")
    if not path.exists():
        raise UsageError(
            f"{folder}: holds no trained model (no sightline.json). Give a run that is complete, or its model folder."
        )
    facts = ModelFacts.read(path)
    # config.json first: it says which the others are.
    for name in ("config.json", *files_in(folder), "familiarity.safetensors"):
        if not (folder / name).exists() or sha256(folder / name) != facts.sha256.get(name):
            raise SightlineError(
                f"{folder / name}: is missing or has changed since it was written. Copy the model folder again."
            )
    return facts
