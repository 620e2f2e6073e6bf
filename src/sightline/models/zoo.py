"""A name and where its weights come from -> a network ready to learn these classes.

Any timm classification model goes; our own (`models/nets.py`) are registered with timm too. Weights come from a file,
a timm local folder, the hub's cache or the hub. They never start from random values in silence.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from timm.models import get_pretrained_cfg

from sightline.errors import SightlineError, UsageError
from sightline.models import heads, hub, nets
from sightline.models.ensemble import Ensemble, parts
from sightline.system.files import replacing, sha256, write_json

DEFAULT = "mobilenetv2_100"

_MEMBERS = "sightline_members"  # in config.json: of how many networks the folder is an ensemble
_MOST_MEMBERS = 1000  # what a folder may claim


@dataclass
class Network:
    """A network, its classes, and how photos must be prepared for it.

    `module` follows timm's contract: get_classifier()(forward_head(forward_features(x), pre_logits=True)) gives logits.
    `mean` and `std` are per channel, for pixels in 0-1. `size` is the side in pixels that it is built for.
    """

    module: Any  # a torch.nn.Module; what timm adds to it is in no type
    architecture: str
    classes: tuple[str, ...]
    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    head: str = "linear"
    origin: str = "random weights"
    """Where the weights came from, in words."""
    weights_digest: str = ""
    """SHA-256 of the weights file; empty for random weights."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Arguments beyond the architecture's defaults."""

    @property
    def parameters(self) -> int:
        """How many weights it has."""
        return sum(parameter.numel() for parameter in self.module.parameters())

    @property
    def members(self) -> int:
        """How many networks answer together: 1, or the size of an ensemble."""
        return len(parts(self.module))

    def save(self, folder: Path) -> None:
        """Write model.safetensors and config.json: timm's local-folder form, with the class names as label_names.

        Of an ensemble each member is such a folder, member-1 and so on, beside a config.json that names them.
        """
        folder.mkdir(parents=True, exist_ok=True)
        if isinstance(self.module, Ensemble):
            for number, module in enumerate(parts(self.module), 1):
                replace(self, module=module).save(member(folder, number))
            described = self._timm_config()
            described[_MEMBERS] = self.members
            write_json(folder / "config.json", described)
            return
        with replacing(folder / "model.safetensors") as temporary:
            save_file({name: t.contiguous() for name, t in self.module.state_dict().items()}, temporary)
        write_json(folder / "config.json", self._timm_config())

    def _timm_config(self) -> dict[str, Any]:
        module = parts(self.module)[0]
        cfg = getattr(module, "pretrained_cfg", {})
        return {
            "architecture": self.architecture,
            "num_classes": len(self.classes),
            "num_features": getattr(module, "num_features", None),
            "label_names": list(self.classes),
            **({"model_args": self.settings} if self.settings else {}),
            **({"sightline_head": self.head} if self.head != "linear" else {}),
            "pretrained_cfg": {
                "num_classes": len(self.classes),
                "input_size": [3, self.size, self.size],
                "fixed_input_size": bool(cfg.get("fixed_input_size", False)),
                "interpolation": "bicubic",
                "crop_pct": 1.0,
                "crop_mode": "center",
                "mean": list(self.mean),
                "std": list(self.std),
                "first_conv": cfg.get("first_conv"),
                "classifier": cfg.get("classifier"),
            },
        }


def build(
    name: str | None,
    *,
    classes: Sequence[str],
    weights: str | Path | None = None,
    scratch: bool = False,
    head: str = "linear",
    size: int | None = None,
    drop_rate: float = 0.0,
) -> Network:
    """A network with a new head for `classes`.

    Args:
        name: a timm architecture (`resnet34`, `resnet34.a1_in1k`); None: what the weights folder names, else DEFAULT.
        classes: class names in the order of the outputs.
        weights: a .safetensors or PyTorch file, or a timm local folder; None: the hub's cache, else the hub.
        scratch: random weights, no download.
        head: linear, dense or regularised (models/heads.py).
        size: side of the photos in pixels; None: what the network was pretrained at.
        drop_rate: dropout before the classifier.

    Raises:
        UsageError: no such network, or the flags contradict each other.
        SightlineError: the weights cannot be had or do not fit.
    """
    folder = Path(weights) if weights and Path(weights).is_dir() else None
    settings: dict[str, Any] = {}
    overlay: dict[str, Any] = {}
    if folder is not None:
        if (count := members_in(folder)) > 1:
            raise UsageError(
                f"{folder}: is an ensemble of {count} networks; start from one of them, such as {member(folder, 1)}."
            )
        described = read_folder_config(folder)
        architecture = described["architecture"]
        if name and timm.models.split_model_name_tag(name)[0] != architecture:
            raise UsageError(
                f"--model {name}: {folder} holds {architecture}. Leave out --model, or give other weights."
            )
        name = architecture
        settings = dict(described.get("model_args") or {})
        overlay = dict(described.get("pretrained_cfg") or {})
        file, origin = folder / "model.safetensors", f"the folder {folder.name}"
    else:
        name = name or DEFAULT
        if not is_known(name):
            raise UsageError(f"--model {name}: no such network. {suggest(name)}")
        if scratch:
            file, origin = None, "random weights"
        elif weights:
            file, origin = Path(weights), f"the file {Path(weights).name}"
            if not file.exists():
                raise UsageError(f"--weights {weights}: there is no such file or folder.")
        else:
            file, repository = hub.weights_of(name)
            origin = f"the hub ({repository})"
    overlay = {**overlay, "custom_load": False, **({"file": str(file), "source": ""} if file else {})}
    architecture, _ = timm.models.split_model_name_tag(name)
    module = _create(
        name, settings, overlay if file else {}, len(classes), drop_rate, size, pretrained=file is not None
    )
    cfg = module.pretrained_cfg
    pretrained_size = int(cfg["input_size"][-1])
    size = size or pretrained_size
    if cfg.get("fixed_input_size") and size != pretrained_size:
        settings["img_size"] = size
    network = Network(
        # Attached even when linear: weights for as many classes as ours would bring a head for other ones.
        module=heads.attach(module, head, len(classes), size),
        architecture=architecture,
        classes=tuple(classes),
        size=size,
        mean=tuple(cfg["mean"]),
        std=tuple(cfg["std"]),
        head=head,
        origin=origin,
        weights_digest=sha256(file) if file else "",
        settings=settings,
    )
    _try_size(network)
    return network


def inherit(network: Network, earlier: Network) -> None:
    """Give the head of `network` the rows of those classes that `earlier` already knew, where both heads are linear."""
    new, old = network.module.get_classifier(), earlier.module.get_classifier()
    if not (
        isinstance(new, torch.nn.Linear) and isinstance(old, torch.nn.Linear) and new.in_features == old.in_features
    ):
        return
    with torch.no_grad():
        for row, name in enumerate(network.classes):
            if name in earlier.classes:
                before = earlier.classes.index(name)
                new.weight[row], new.bias[row] = old.weight[before], old.bias[before]


def load(folder: str | Path) -> Network:
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
    module = _create(described["architecture"], settings, {}, len(classes), 0.0, None, pretrained=False)
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


def join(members: Sequence[Network]) -> Network:
    """One network that answers with the mean of the members' logits (models/ensemble.py).

    Raises:
        SightlineError: they are not all of one kind.
    """
    first = members[0]
    for other in members[1:]:
        if replace(other, module=None, origin="", weights_digest="") != replace(
            first, module=None, origin="", weights_digest=""
        ):
            raise SightlineError(f"{other.origin} and {first.origin}: differ in kind, so they are no ensemble.")
    digests = "".join(one.weights_digest for one in members)
    return replace(
        first,
        module=Ensemble([one.module for one in members]).eval(),
        origin=f"{len(members)} networks",
        weights_digest=hashlib.sha256(digests.encode()).hexdigest(),
    )


def member(folder: Path, number: int) -> Path:
    """The timm local folder of one member, counted from 1, in the folder of an ensemble."""
    return folder / f"member-{number}"


def members_in(folder: Path) -> int:
    """Of how many networks `folder` is an ensemble; 1 where it is none, or cannot be read.

    Raises:
        SightlineError: config.json claims an impossible number.
    """
    try:
        count = json.loads((folder / "config.json").read_text(encoding="utf-8")).get(_MEMBERS, 1)
    except (OSError, ValueError, AttributeError):
        return 1  # who reads the folder next says what is wrong with it
    if not isinstance(count, int) or not 1 <= count <= _MOST_MEMBERS:
        raise SightlineError(f"{folder / 'config.json'}: {_MEMBERS} must be a number from 1 to {_MOST_MEMBERS}.")
    return count


def files_in(folder: Path) -> list[str]:
    """The files that make the network in a folder, relative to it."""
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


def is_known(name: str) -> bool:
    """Whether timm, or our own registry in it, has a network of this name (a pretrained tag may follow a dot)."""
    return isinstance(name, str) and timm.is_model(timm.models.split_model_name_tag(name)[0])


def suggest(name: str) -> str:
    """A sentence that names networks with a similar name."""
    from difflib import get_close_matches

    close = get_close_matches(name, timm.list_models(), n=3, cutoff=0.6)
    return f"Did you mean {', '.join(close)}?" if close else "`sightline models` lists them."


def own_names() -> list[str]:
    """The networks that are Sightline's own."""
    return list(nets.NAMES)


def _create(
    name: str,
    settings: dict[str, Any],
    overlay: dict[str, Any],
    classes: int,
    drop_rate: float,
    size: int | None,
    *,
    pretrained: bool,
) -> Any:
    arguments = dict(settings, num_classes=classes)
    if drop_rate:
        arguments["drop_rate"] = drop_rate
    architecture, tag = timm.models.split_model_name_tag(name)
    known = get_pretrained_cfg(name, allow_unregistered=True) if tag or not overlay else None
    if size and (overlay.get("fixed_input_size") or (known is not None and known.fixed_input_size)):
        arguments["img_size"] = size
    try:
        return timm.create_model(name, pretrained=pretrained, pretrained_cfg_overlay=overlay or None, **arguments)
    except UsageError:
        raise
    except Exception as error:  # timm raises whatever a weights file or an argument makes it trip over
        reason = " ".join(str(error).split())[:300]
        if pretrained:
            raise SightlineError(f"{overlay['file']}: these weights do not fit {architecture} ({reason}).") from error
        raise SightlineError(f"{architecture}: cannot be built ({reason}).") from error


@torch.no_grad()
def _try_size(network: Network) -> None:
    """One blank photo through the network, so that a size that it cannot take fails now and in plain words."""
    module = network.module
    training = module.training
    module.eval()
    try:
        pre = module.forward_head(
            module.forward_features(torch.zeros(1, 3, network.size, network.size)), pre_logits=True
        )
        shape = tuple(module.get_classifier()(pre).shape)
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise SightlineError(
            f"{network.architecture} cannot take {network.size}-pixel photos ({reason}). Try --img-size."
        ) from error
    finally:
        module.train(training)
    if shape != (1, len(network.classes)):
        raise SightlineError(
            f"{network.architecture}: answers with shape {shape}; Sightline needs one score for each class."
        )
