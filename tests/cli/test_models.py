"""`sightline models` and `cache --engines`: what there is, what is not taken and why, what was chosen here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sightline.cli import main
from sightline.models import box, catalogue, choices, choosing
from sightline.models.choices import Choice
from sightline.models.lean import timm


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    captured = capsys.readouterr()
    assert caught.value.code == 0, captured.err
    return captured.out


def test_what_is_not_taken_is_listed_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    listed = json.loads(ask(capsys, "models", "--all", "--json"))
    assert "resnet18" in listed["timm"]
    assert listed["not_taken"]["levit_128"] == "does not end in one linear layer"
    assert not {*listed["timm"]} & {*listed["not_taken"]}
    text = ask(capsys, "models", "--all")
    assert "deit_tiny_distilled_patch16_224" in text.partition("Not taken")[2]
    assert "deit_tiny_patch16_224" in text.partition("Not taken")[0]


def test_choices_are_shown_and_forgotten(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path))
    assert "No choice" in ask(capsys, "cache", "--engines")
    choice = Choice(
        network="resnet18", size=64, purpose="learning", device="cpu", name="bfloat16", batch=8,
        images_per_second=123.4, under_load=True, made="2026-11-25T12:30:00+00:00",
    )  # fmt: skip
    choices.add("a", choice)
    (tmp_path / "pixels").mkdir()
    (tmp_path / "pixels" / "kept").write_text("x")
    text = ask(capsys, "cache", "--engines")
    assert "resnet18" in text
    assert "2026-11-25 12:30, machine busy" in text
    assert json.loads(ask(capsys, "cache", "--engines", "--clear", "--json"))["removed"] == 1
    assert choices.read() == {}
    assert (tmp_path / "pixels" / "kept").exists()


def test_without_a_name_it_lists_what_is_sensible_with_cost_worth_and_speed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path))
    choice = Choice(
        network="resnet18", size=224, purpose="answers", device="cpu", name="eager", batch=8,
        images_per_second=123.4, under_load=False, made="2026-11-25T12:30:00+00:00",
    )  # fmt: skip
    choices.add("a", choice)
    text = ask(capsys, "models").splitlines()
    assert len(text) < 30
    assert next(line for line in text if line.startswith("resnet18")).split() == [
        "resnet18", "the", "hub", "224", "11.7", "1.82", "71.5", "%", "123"
    ]  # fmt: skip
    assert text[2].split()[:3] == ["tf_efficientnet_lite0", "the", "box"]
    assert max(map(len, text)) <= 80
    assert any("timm's results" in line for line in text)


def test_a_pattern_lists_the_networks_of_such_names(capsys: pytest.CaptureFixture[str]) -> None:
    text = ask(capsys, "models", "resnet18*")
    names = {line.split()[0] for line in text.splitlines()[1:]}
    assert {"resnet18", "resnet18d"} <= names
    assert all(name.startswith("resnet18") for name in names)
    assert [row["name"] for row in json.loads(ask(capsys, "models", "plain_c*", "--json"))["networks"]] == ["plain_cnn"]


@pytest.mark.parametrize("arguments", [["nosuch*"], ["resnet18", "--all"], ["--box", "--all"]])
def test_what_makes_no_sense_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["models", *arguments])
    assert caught.value.code == 2
    assert "inside Sightline" not in capsys.readouterr().err


def test_every_sensible_network_can_be_taken_and_is_trained_at_that_size() -> None:
    for it in choosing.KNOWN:
        catalogue.require_known(it.name)
        assert timm.models.get_pretrained_cfg(it.name).input_size[-1] == it.size
        assert (it.where != "the hub") == (box.find(it.name) is not None)
