"""The fastest engine that answers as eager float32 does is chosen, and remembered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sightline.models import autotune, choices, engines, onnx_runtime, zoo
from sightline.models.autotune import agreement
from sightline.models.choices import Choice
from sightline.models.engines import Engine
from sightline.models.network import Network
from sightline.models.trials import Trials
from sightline.system import cache


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    return zoo.build("resnet18", classes=("a", "b", "c"), scratch=True, size=64)


@pytest.fixture(scope="module")
def photos() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 64, 64, 3), np.uint8)


@pytest.fixture(autouse=True)
def nothing_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path))


def speeds(monkeypatch: pytest.MonkeyPatch, under_load: bool = False, usual: float = 1.0, **seconds: float) -> list:
    """Play the clock: how long each engine is said to take; returns the names in the order in which they are tried."""
    tried: list[str] = []

    def take_turns(ways: dict[str, object], **_: object) -> Trials:
        tried.extend(ways)
        return Trials({name: seconds.get(name.replace("-", "_"), usual) for name in ways}, under_load)

    monkeypatch.setattr(autotune, "take_turns", take_turns)
    monkeypatch.setattr(autotune, "keeps_its_promise", lambda *_: True)
    return tried


def test_the_choice_is_remembered(network: Network, photos: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = speeds(monkeypatch, channels_last=0.5)
    chosen = autotune.fastest_engine(network, photos)
    assert chosen.name == "channels-last"
    (kept,) = choices.read().values()
    assert (kept.name, kept.batch, kept.network, kept.size) == (chosen.name, chosen.batch, "resnet18", 64)
    tried.clear()
    again = autotune.fastest_engine(network, photos)
    assert (again.name, again.batch) == (chosen.name, chosen.batch)
    assert not tried


def test_for_a_few_photos_nothing_is_tried_but_what_is_known_is_used(
    network: Network, photos: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = speeds(monkeypatch, channels_last=0.5)
    assert autotune.fastest_engine(network, photos, photos=3).name == "eager"
    assert not tried and not choices.read()
    autotune.fastest_engine(network, photos, photos=100)
    assert tried
    assert autotune.fastest_engine(network, photos, photos=3).name == "channels-last"


def test_a_choice_that_does_not_keep_its_promise_is_made_anew(
    network: Network, photos: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    speeds(monkeypatch, under_load=True, channels_last=0.5)
    assert autotune.fastest_engine(network, photos).name == "channels-last"
    assert [choice.under_load for choice in choices.read().values()] == [True]
    tried = speeds(monkeypatch, channels_last=2.0)
    asked = []
    monkeypatch.setattr(autotune, "keeps_its_promise", lambda choice, *_: asked.append(choice.name))
    assert autotune.fastest_engine(network, photos).name == "eager"
    assert asked == ["channels-last"]
    assert tried
    assert [choice.under_load for choice in choices.read().values()] == [False]


@pytest.mark.parametrize(
    ("under_load", "now", "busy", "stands"),
    [
        (False, 100, False, True),
        (False, 70, False, True),
        (False, 50, False, False),  # half as fast as it promised, and nobody else is to blame
        (False, 50, True, True),
        (False, 200, False, False),  # it was made at a bad moment, whatever was seen of that
        (False, 200, True, False),
        (True, 100, False, False),  # now that it is quiet, it is made anew
        (True, 100, True, True),
    ],
)
def test_when_a_choice_stands(under_load: bool, now: float, busy: bool, stands: bool) -> None:
    choice = Choice(
        network="n", size=64, purpose="answers", device="cpu", name="eager", batch=16, images_per_second=100.0,
        under_load=under_load, made="2026-01-01T00:00:00+00:00",
    )  # fmt: skip
    assert autotune.keeps_its_promise(choice, now, busy) == stands


def test_a_damaged_memory_is_started_afresh(network: Network, photos: np.ndarray) -> None:
    (cache.folder("engines") / "choices.json").write_text("{")
    assert autotune.fastest_engine(network, photos).name in engines.candidates("cpu")[0]


def test_an_engine_that_answers_differently_is_never_chosen(
    network: Network, photos: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_make = engines.make

    def make(name: str, network: Network, device: str = "cpu", batch: int = 32) -> Engine:
        engine = true_make("eager", network, device, batch)
        if name == "eager":
            return engine
        return Engine(name, device, batch, lambda p: (engine.run(p)[0], -engine.run(p)[1]))

    monkeypatch.setattr(engines, "make", make)
    speeds(monkeypatch, usual=0.01, eager=1.0)
    assert autotune.fastest_engine(network, photos).name == "eager"


def test_onnx_is_tried_only_where_it_can_win_back_its_export(
    network: Network, photos: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime")
    speeds(monkeypatch, onnxruntime=0.1)
    assert autotune.fastest_engine(network, photos, photos=100).name != "onnxruntime"
    assert autotune.fastest_engine(network, photos, photos=100_000).name == "onnxruntime"
    # Once it is there, even one photo is answered by it, by the trained network too, in whatever precision it asks for.
    assert autotune.fastest_engine(network, photos, photos=1).name == "onnxruntime"
    assert autotune.fastest_engine(network, photos, precision="float32").name == "onnxruntime"


def test_a_choice_for_features_serves_answers_where_it_holds_their_bounds(
    network: Network, photos: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = speeds(monkeypatch, channels_last=0.5)
    assert autotune.fastest_engine(network, photos, trained=False).name == "channels-last"
    tried.clear()
    assert autotune.fastest_engine(network, photos).name == "channels-last"
    assert not tried
    monkeypatch.setattr(autotune, "_holds", lambda *_: False)
    speeds(monkeypatch, eager=0.5)
    assert autotune.fastest_engine(network, photos).name == "eager"
    assert {choice.purpose: choice.name for choice in choices.read().values()} == {
        "features": "channels-last", "answers": "eager",
    }  # fmt: skip


def test_a_coarser_choice_does_not_serve_who_asks_for_float32(
    network: Network, photos: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "computes_in_bfloat16", lambda device: True)
    monkeypatch.setattr(autotune, "_holds", lambda *_: True)
    monkeypatch.setattr(autotune._Reference, "agrees", lambda *_: True)
    speeds(monkeypatch, channels_last_bfloat16=0.5)
    assert autotune.fastest_engine(network, photos, trained=False).name == "channels-last-bfloat16"
    assert autotune.fastest_engine(network, photos, precision="float32").name != "channels-last-bfloat16"


def test_agreement_measures() -> None:
    a = np.array([[2.0, 0.0], [0.0, 2.0]], np.float32)
    assert agreement(a, a) == (0.0, 1.0)
    difference, equal = agreement(a, a[:, ::-1])
    assert difference > 0.7
    assert equal == 0.0


def test_a_network_that_cannot_be_set_up_runs_without(
    network: Network, photos: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("this operator has no ONNX")

    monkeypatch.setattr(autotune, "_SECONDS_WORTH_SETTING_UP", {"onnxruntime": 0.0})
    monkeypatch.setattr(onnx_runtime, "runner", refuse)
    assert autotune.fastest_engine(network, photos, photos=10**6).name in engines.candidates("cpu")[0]
