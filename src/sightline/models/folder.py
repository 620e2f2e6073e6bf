"""A network <-> a model folder: safetensors and config.json in timm's local-folder form, which timm alone can load.

In an ensemble each member is such a folder, member-1 and so on, beside a config.json that says how many there are.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from sightline.errors import SightlineError
from sightline.models import heads
from sightline.models.catalogue import create, is_known
from sightline.models.ensemble import Ensemble, parts
from sightline.models.network import Network, join
from sightline.system.files import replacing, sha256, write_json

_MEMBERS = "sightline_members"  # in config.json: how many networks the ensemble has
_MOST_MEMBERS = 1000  # what a folder may claim


def save_network(network: Network, folder: Path) -> None:
    """Write model.safetensors and config.json, with the class names as label_names, for each member of an ensemble."""
    folder.mkdir(parents=True, exist_ok=True)
    described = _timm_config(network)
    if isinstance(network.module, Ensemble):
        for number, module in enumerate(parts(network.module), 1):
            save_network(replace(network, module=module), member(folder, number))
        described[_MEMBERS] = network.members
    else:
        with replacing(folder / "model.safetensors") as temporary:
            save_file({name: t.contiguous() for name, t in network.module.state_dict().items()}, temporary)
    write_json(folder / "config.json", described)


def _timm_config(network: Network) -> dict[str, Any]:
    module = parts(network.module)[0]
    cfg = getattr(module, "pretrained_cfg", {})
    return {
        "architecture": network.architecture,
        "num_classes": len(network.classes),
        "num_features": getattr(module, "num_features", None),
        "label_names": list(network.classes),
        **({"model_args": network.settings} if network.settings else {}),
        **({"sightline_head": network.head} if network.head != "linear" else {}),
        "pretrained_cfg": {
            "num_classes": len(network.classes),
            "input_size": [3, network.size, network.size],
            "fixed_input_size": bool(cfg.get("fixed_input_size", False)),
            "interpolation": "bicubic",
            "crop_pct": 1.0,
            "crop_mode": "center",
            "mean": list(network.mean),
            "std": list(network.std),
            "first_conv": cfg.get("first_conv"),
            "classifier": cfg.get("classifier"),
        },
    }


def load_network(folder: str | Path) -> Network:
    """The trained network in a model folder, in evaluation mode.

    Raises:
        SightlineError: the folder is not a model folder, or its weights do not fit its description.
    """
    folder = Path(folder)
    if (count := members_in(folder)) > 1:
        return join([_load_one(member(folder, number)) for number in range(1, count + 1)])
    return _load_one(folder)


def _load_one(folder: Path) -> Network:
    described = read_folder_config(folder)
    classes = described.get("label_names")
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes) or len(classes) < 2:
        raise SightlineError(
            f"{folder / 'config.json'}: names no classes. Is this a model folder that Sightline wrote?"
        )
    cfg = described["pretrained_cfg"]
    settings = dict(described.get("model_args") or {})
    size = int(cfg["input_size"][-1])
    module = create(described["architecture"], settings, len(classes))
    head = described.get("sightline_head", "linear")
    if head != "linear":
        module = heads.attach(module, head, len(classes), size)
    try:
        module.load_state_dict(load_file(folder / "model.safetensors"))
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise SightlineError(f"{folder / 'model.safetensors'}: does not fit its config.json ({reason}).") from error
    return Network(
        module=module.eval(),
        architecture=described["architecture"],
        classes=tuple(classes),
        size=size,
        mean=tuple(cfg["mean"]),
        std=tuple(cfg["std"]),
        head=head,
        origin=f"the folder {folder.name}",
        weights_digest=sha256(folder / "model.safetensors"),
        settings=settings,
    )


def member(folder: Path, number: int) -> Path:
    """The timm local folder of one member, counted from 1, in the folder of an ensemble."""
    return folder / f"member-{number}"


def members_in(folder: Path) -> int:
    """How many networks the ensemble in `folder` has; 1 where there is no ensemble, or the folder cannot be read.

    Raises:
        SightlineError: config.json claims an impossible number.
    """
    try:
        count = json.loads((folder / "config.json").read_text(encoding="utf-8")).get(_MEMBERS, 1)
    except (OSError, ValueError, AttributeError):
        return 1  # whoever reads the folder next says what is wrong with it
    if not isinstance(count, int) or not 1 <= count <= _MOST_MEMBERS:
        raise SightlineError(f"{folder / 'config.json'}: {_MEMBERS} must be a number from 1 to {_MOST_MEMBERS}.")
    return count


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


def read_folder_config(folder: Path) -> dict[str, Any]:
    """config.json of a timm local folder, checked as far as we rely on it.

    Raises:
        SightlineError: it is absent, is not JSON, or names no network that timm knows.
    """
    path = folder / "config.json"
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        if not (folder / "model.safetensors").is_file():
            raise SightlineError(
                f"{folder}: has no model.safetensors. Sightline opens no pickled weights from a folder."
            )
        described.setdefault("pretrained_cfg", {})
        if not all(isinstance(described.get(key) or {}, dict) for key in ("pretrained_cfg", "model_args")):
            raise TypeError
        if not is_known(described["architecture"]):
            raise SightlineError(f"{path}: names the network {described['architecture']!r}, which is not known here.")
    except OSError as error:
        raise SightlineError(f"{path}: cannot be read ({error.strerror}). Is {folder} a timm local folder?") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SightlineError(
            f"{path}: is not the description of a timm model. Is {folder} a timm local folder?"
        ) from error
    return dict(described)
