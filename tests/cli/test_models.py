"""`sightline models` and `cache --engines`: what there is, what is not taken and why, what was chosen here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sightline.cli import main
from sightline.models import choices
from sightline.models.choices import Choice


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    captured = capsys.readouterr()
    assert caught.value.code == 0, captured.err
    return captured.out


def test_what_is_not_taken_is_listed_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    listed = json.loads(ask(capsys, "models", "--json"))
    assert "resnet18" in listed["timm"]
    assert listed["not_taken"]["levit_128"] == "does not end in one linear layer"
    assert not {*listed["timm"]} & {*listed["not_taken"]}
    text = ask(capsys, "models")
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
