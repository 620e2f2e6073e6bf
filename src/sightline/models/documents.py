"""What the JSON files of a model folder hold: config.json, which timm reads too, and sightline.json."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import from_json

from sightline.config import SIZES, CoverageBy, Fit
from sightline.data.decoding.deep import White
from sightline.errors import SightlineError
from sightline.system.documents import Classes, Count, Document, Share, Text

MOST_MEMBERS = 1000
"""Of how many networks a folder may claim to be an ensemble."""
FORMAT_VERSION = 4
"""The newest form of sightline.json. 1 was a single network and 2 an ensemble, both without a digest of their own; 3
had one threshold for the sets of all classes."""

Side = Annotated[int, Field(ge=SIZES[0], le=SIZES[1])]
Width = Annotated[int, Field(ge=1, le=16_384)]
Channel = Annotated[float, Field(ge=-1000, le=1000)]
Spread = Annotated[float, Field(ge=1e-6, le=1000)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{0,64}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Members = Annotated[int, Field(ge=1, le=MOST_MEMBERS)]
Head = Literal["linear", "dense", "regularised"]


class Arguments(Document):
    """Arguments of an architecture beyond its defaults.

    A closed list: among what timm takes besides are names of files that it would unpickle, and sizes without bounds.
    """

    model_config = ConfigDict(extra="forbid")

    num_classes: Count | None = None
    """What the weights came with; the head is always our own."""
    in_chans: Literal[3] | None = None
    img_size: Side | tuple[Side, Side] | None = None
    patch_size: Annotated[int, Field(ge=1, le=256)] | None = None
    output_stride: Literal[8, 16, 32] | None = None
    global_pool: Name | None = None
    class_token: bool | None = None
    reg_tokens: Annotated[int, Field(ge=0, le=64)] | None = None
    no_embed_class: bool | None = None
    dynamic_img_size: bool | None = None
    pre_norm: bool | None = None
    fc_norm: bool | None = None
    qkv_bias: bool | None = None
    init_values: Annotated[float, Field(ge=0, le=10)] | None = None
    pad_type: Literal["", "same", "valid"] | None = None
    bn_eps: Annotated[float, Field(gt=0, le=1)] | None = None
    act_layer: Name | None = None
    norm_layer: Name | None = None
    depth: Annotated[int, Field(ge=1, le=256)] | None = None
    depths: Annotated[tuple[Annotated[int, Field(ge=1, le=256)], ...], Field(max_length=16)] | None = None
    embed_dim: Width | Annotated[tuple[Width, ...], Field(max_length=16)] | None = None
    num_heads: Width | Annotated[tuple[Width, ...], Field(max_length=16)] | None = None
    mlp_ratio: Annotated[float, Field(gt=0, le=64)] | None = None
    widths: Annotated[tuple[Width, ...], Field(max_length=16)] | None = None
    hidden: Width | None = None
    drop_rate: Share | None = None
    drop_path_rate: Share | None = None

    def given(self) -> dict[str, Any]:
        """Those that differ from the architecture's own, by name."""
        return self.model_dump(exclude_none=True, exclude={"num_classes", "in_chans"})


class Pretrained(Document):
    """How photos must be prepared, in timm's words."""

    num_classes: Count
    input_size: tuple[Literal[3], Side, Side]
    fixed_input_size: bool = False
    interpolation: Text = "bicubic"
    crop_pct: Annotated[float, Field(gt=0, le=1)] = 1.0
    crop_mode: Literal["center", "border", "squash"] = "center"
    mean: tuple[Channel, Channel, Channel]
    std: tuple[Spread, Spread, Spread]
    first_conv: Text | tuple[Text, ...] | None = None
    classifier: Text | tuple[Text, ...] | None = None


class Described(Document):
    """The part of config.json that any use of a timm local folder relies on."""

    most_bytes: ClassVar[int] = 16 << 20

    architecture: Annotated[str, Field(min_length=1, max_length=200)]
    model_args: Arguments | None = None
    sightline_members: Members = 1
    """Of how many networks the folder is an ensemble."""

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments beyond the architecture's defaults, by name."""
        return self.model_args.given() if self.model_args else {}


class Before(Document):
    """How photos were prepared for weights to start from: those of timm's words that describe, none that fetch."""

    num_classes: Count | None = None
    input_size: tuple[Annotated[int, Field(ge=1, le=16)], Side, Side] | None = None
    min_input_size: tuple[Annotated[int, Field(ge=1, le=16)], Side, Side] | None = None
    pool_size: tuple[Count, Count] | None = None
    fixed_input_size: bool | None = None
    interpolation: Text | None = None
    crop_pct: Annotated[float, Field(gt=0, le=10)] | None = None
    crop_mode: Text | None = None
    mean: Annotated[tuple[Channel, ...], Field(min_length=1, max_length=16)] | None = None
    std: Annotated[tuple[Spread, ...], Field(min_length=1, max_length=16)] | None = None
    first_conv: Text | tuple[Text, ...] | None = None
    classifier: Text | tuple[Text, ...] | None = None


class Start(Described):
    """config.json of a timm local folder that holds weights to start from."""

    pretrained_cfg: Before | None = None

    @property
    def preprocessing(self) -> dict[str, Any]:
        """What it says of sizes, means and so on, by timm's names."""
        return self.pretrained_cfg.model_dump(exclude_none=True) if self.pretrained_cfg else {}


class Trained(Described):
    """config.json of a trained network: timm's local-folder form, with the class names as label_names."""

    num_classes: Count
    num_features: Count | None = None
    label_names: Annotated[Classes, Field(min_length=2)]
    sightline_head: Head = "linear"
    sightline_white: White | None = None
    """Of the 16-bit photos that it learned from; None where there were none."""
    pretrained_cfg: Pretrained

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it: what is Sightline's own is left out where it says nothing, for other readers' sake."""
        described = self.model_dump(mode="json", include={"architecture", "num_classes", "num_features", "label_names"})
        if self.model_args and self.arguments:
            described["model_args"] = self.model_args.model_dump(mode="json", exclude_none=True)
        if self.sightline_head != "linear":
            described["sightline_head"] = self.sightline_head
        if self.sightline_white is not None:
            described["sightline_white"] = self.sightline_white
        described["pretrained_cfg"] = self.pretrained_cfg.to_dict()
        if self.sightline_members > 1:
            described["sightline_members"] = self.sightline_members
        return described


class Fitted(Document):
    """What was fitted on val."""

    temperature: Annotated[float, Field(gt=1e-4, le=1e4)] = 1.0
    threshold: Share = 0.0
    """Of the sets, for all classes alike."""
    coverage: Annotated[float, Field(gt=0, lt=1)] = 0.95
    coverage_by: CoverageBy = "all"
    thresholds: Annotated[tuple[Share, ...], Field(max_length=100_000)] | None = None
    """Of each class, in their order; None: `threshold` holds for all."""

    @property
    def limits(self) -> float | tuple[float, ...]:
        """What `conformal.sets` takes as threshold."""
        return self.threshold if self.thresholds is None else self.thresholds


class Calibrated(Document):
    """The part of sightline.json that judging a run relies on."""

    calibration: Fitted = Fitted()
    origin: Text = ""
    """Where the weights came from at the start, in words."""
    members: Members | None = None
    """Of how many networks the model is an ensemble; None for a single one."""


class Preprocessing(Document):
    """What is done to a photo before the network sees it."""

    size: Side
    fit: Fit = "crop"
    """How a photo is made square."""
    white: White | None = None
    """Of 16-bit samples whose file leaves it open; None: the model learned from no such photos, and it is 65,535."""
    steps: Text
    mean: tuple[Channel, Channel, Channel]
    std: tuple[Spread, Spread, Spread]


class ModelFacts(Calibrated):
    """sightline.json: what a model folder is, and the digest of each of its files, its own content included."""

    format_version: Annotated[int, Field(ge=1, le=FORMAT_VERSION)] = FORMAT_VERSION
    created: Text
    classes: Classes
    preprocessing: Preprocessing
    tta: Literal["none", "flip"]
    precision: Literal["float32", "bfloat16"]
    calibration: Fitted
    dataset: Text = ""
    versions: dict[Text, Text]
    sha256: Annotated[dict[Text, Digest], Field(max_length=4 * MOST_MEMBERS)]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.calibration.thresholds is not None and len(self.calibration.thresholds) != len(self.classes):
            raise ValueError("calibration.thresholds and classes differ in number")
        return self

    @classmethod
    def parse(cls, data: bytes, origin: str | Path) -> Self:
        """See `Document.parse`; the content is also held to its own digest.

        Raises:
            SightlineError: it is damaged, was changed, or is of a newer format.
        """
        try:
            raw = from_json(data, allow_inf_nan=False)
        except ValueError:
            raw = None
        version = raw.get("format_version") if isinstance(raw, dict) else None
        if isinstance(version, int) and version > FORMAT_VERSION:
            raise SightlineError(
                f"{origin}: has format {version}; this Sightline reads up to {FORMAT_VERSION}. Update Sightline."
            )
        facts = super().parse(data, origin)
        assert isinstance(raw, dict), "what was parsed as a document is an object"
        if (facts.format_version > 2 or "digest" in raw) and raw.get("digest") != digest(raw):
            raise SightlineError(f"{origin}: has changed since it was written. Copy the model folder again.")
        return facts

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it, its own digest included."""
        described = super().to_dict()
        if self.members is None:
            del described["members"]
        return {**described, "digest": digest(described)}


def digest(described: Mapping[str, Any]) -> str:
    """The SHA-256 over all that sightline.json says but its own digest, however it is laid out."""
    rest = {key: value for key, value in described.items() if key != "digest"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
