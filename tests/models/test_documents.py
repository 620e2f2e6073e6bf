"""What a model folder's JSON may say: ranges, closed lists, and a digest over its own content."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sightline.errors import SightlineError
from sightline.models.documents import Arguments, Fitted, ModelFacts, Preprocessing, Start, Trained

PREPROCESSING = Preprocessing(size=48, steps="as ever", mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
FACTS = ModelFacts(
    created="2026-11-25", classes=("a", "b"), preprocessing=PREPROCESSING, tta="flip", precision="float32",
    calibration=Fitted(temperature=1.5, threshold=0.2, coverage=0.9), dataset="d", origin="random weights",
    versions={"sightline": "1"}, sha256={"config.json": "0" * 64},
)  # fmt: skip
CONFIG: dict[str, Any] = {
    "architecture": "resnet18",
    "num_classes": 2,
    "num_features": 512,
    "label_names": ["a", "b"],
    "pretrained_cfg": {
        "num_classes": 2, "input_size": [3, 48, 48], "fixed_input_size": False, "interpolation": "bicubic",
        "crop_pct": 1.0, "crop_mode": "center", "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25],
        "first_conv": "conv1", "classifier": "fc",
    },
}  # fmt: skip


def parsed(described: dict[str, Any]) -> ModelFacts:
    return ModelFacts.parse(json.dumps(described).encode(), "sightline.json")


def test_the_description_vouches_for_itself() -> None:
    described = FACTS.to_dict()
    assert parsed(described) == FACTS
    assert parsed(dict(reversed(described.items()))) == FACTS, "the order of the keys says nothing"
    for path, value in (
        (("calibration", "temperature"), 1.6), (("classes",), ["b", "a"]), (("tta",), "none"),
        (("preprocessing", "size"), 64), (("sha256", "config.json"), "1" * 64), (("format_version",), 2),
        (("dataset",), "e"), (("unknown",), 1),
    ):  # fmt: skip
        changed = json.loads(json.dumps(described))
        *way, last = path
        place = changed
        for part in way:
            place = place[part]
        place[last] = value
        with pytest.raises(SightlineError, match="has changed since it was written"):
            parsed(changed)
    with pytest.raises(SightlineError, match="has changed since it was written"):
        parsed({key: value for key, value in described.items() if key != "digest"})


def test_thresholds_are_as_many_as_classes() -> None:
    fitted = {"thresholds": [0.5, 0.25], "coverage_by": "class"}
    described = {**FACTS.to_dict(), "calibration": fitted, "format_version": 2}
    del described["digest"]
    assert parsed(described).calibration.limits == (0.5, 0.25)
    with pytest.raises(SightlineError, match="differ in number"):
        parsed({**described, "calibration": {"thresholds": [0.5]}})
    assert FACTS.calibration.limits == FACTS.calibration.threshold, "one for all in a folder from before"


def test_older_folders_are_still_read() -> None:
    for version in (1, 2):
        described = {**FACTS.to_dict(), "format_version": version}
        del described["digest"]
        assert parsed(described).calibration == FACTS.calibration


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"temperature": -1}, "calibration.temperature"), ({"temperature": 0}, "calibration.temperature"),
        ({"temperature": 1e9}, "calibration.temperature"), ({"threshold": 5}, "calibration.threshold"),
        ({"threshold": -0.1}, "calibration.threshold"), ({"coverage": 7}, "calibration.coverage"),
        ({"coverage": 1}, "calibration.coverage"), ({"coverage": "0.9"}, "calibration.coverage"),
    ],
)  # fmt: skip
def test_calibration_out_of_range_is_refused(changed: dict[str, Any], said: str) -> None:
    described = FACTS.to_dict()
    described["calibration"] |= changed
    with pytest.raises(SightlineError, match=said):
        parsed(described)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tta", "rotate"), ("precision", "int4"), ("format_version", -5), ("format_version", 0),
        ("classes", ["a", "a"]), ("classes", []), ("classes", {"0": "a"}), ("sha256", {"config.json": "x"}),
        ("sha256", []), ("members", 0), ("members", 10**9), ("preprocessing", None),
    ],
)  # fmt: skip
def test_unknown_words_are_refused(key: str, value: Any) -> None:
    with pytest.raises(SightlineError, match=rf"sightline\.json: is damaged: {key}"):
        parsed({**FACTS.to_dict(), key: value})


def test_the_form_on_disk_is_timms() -> None:
    assert Trained.parse(json.dumps(CONFIG).encode(), "config.json").to_dict() == CONFIG
    more = {**CONFIG, "model_args": {"img_size": 48}, "sightline_head": "dense", "sightline_members": 3}
    assert Trained.parse(json.dumps(more).encode(), "config.json").to_dict() == more


@pytest.mark.parametrize(
    "arguments",
    [
        {"checkpoint_path": "/any/file.pth"}, {"cache_dir": "/tmp"}, {"pretrained_cfg": {}}, {"pretrained": True},
        {"pretrained_cfg_overlay": {"file": "x"}}, {"scriptable": True}, {"features_only": True},
        {"depth": 1_000_000}, {"embed_dim": 10**7}, {"widths": [1] * 100}, {"img_size": 8192}, {"img_size": 0},
        {"patch_size": 0}, {"global_pool": "../x"}, {"act_layer": {"a": 1}}, [],
    ],
)  # fmt: skip
def test_arguments_are_a_closed_list_within_bounds(arguments: Any) -> None:
    for kind in (Start, Trained):
        with pytest.raises(SightlineError, match="model_args"):
            kind.parse(json.dumps({**CONFIG, "model_args": arguments}).encode(), "config.json")


def test_only_what_is_given_is_given_on() -> None:
    assert Arguments(img_size=48, class_token=False).given() == {"img_size": 48, "class_token": False}


@pytest.mark.parametrize(
    "changed",
    [
        {"input_size": [3, 3000, 3000]}, {"input_size": [3, 0, 0]}, {"input_size": [3, -48, -48]},
        {"input_size": [3, "48", "48"]}, {"input_size": [48]}, {"input_size": None}, {"input_size": [1, 48, 48]},
        {"mean": [0.5, 0.5]}, {"mean": "grey"}, {"mean": None}, {"std": [0, 0, 0]}, {"std": [-1, 1, 1]},
        {"std": [1e300, 1, 1]},
    ],
)  # fmt: skip
def test_preprocessing_is_within_bounds(changed: dict[str, Any]) -> None:
    described = {**CONFIG, "pretrained_cfg": {**CONFIG["pretrained_cfg"], **changed}}
    with pytest.raises(SightlineError, match=f"pretrained_cfg.{next(iter(changed))}"):
        Trained.parse(json.dumps(described).encode(), "config.json")
    del described["pretrained_cfg"][next(iter(changed))]
    with pytest.raises(SightlineError, match="is missing"):
        Trained.parse(json.dumps(described).encode(), "config.json")


def test_nothing_where_timm_says_null() -> None:
    named = {"architecture": "resnet18", "model_args": None, "pretrained_cfg": None}
    assert Start.parse(json.dumps(named).encode(), "config.json").arguments == {}
