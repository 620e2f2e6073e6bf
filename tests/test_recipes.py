"""Every shipped recipe says what it is, and runs for one epoch on a few drawn photos."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import timm

import sightline
from sightline import config, recipes
from sightline.data.augment import presets
from sightline.models import box, catalogue
from sightline.models.freezing import trainable
from sightline.runs import plan

NAMES = recipes.names()
FROM_TEXTS = {
    "resnet34-onecycle": "000",
    "resnet50-dense-head": "001",
    "resnet9-scratch": "002",
    "resnet34-freeze-unfreeze": "002",
    "flowers-cnn": "003",
    "flowers-cnn-augmented": "003",
    "flowers-resnet50": "003",
    "landscape-cnn": "004",
    "landscape-resnet4": "004",
    "landscape-resnet50": "004",
}


def header(name: str) -> list[str]:
    lines = recipes.text(name).splitlines()
    return lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]


def test_the_table_of_recipes_is_complete() -> None:
    assert set(NAMES) == set(FROM_TEXTS) | {"default", "probe", "demo", "demo-scratch"}


@pytest.mark.parametrize("name", NAMES)
def test_the_header_gives_the_command_and_what_was_measured(name: str) -> None:
    text = "\n".join(header(name))
    command = {"demo": "sightline demo", "demo-scratch": "sightline demo --scratch"}.get(name, "sightline train")
    assert f"#   {command}" in text
    assert "Measured: " in text
    if name in FROM_TEXTS:
        assert f"--recipe {name}" in text
        assert f"(text {FROM_TEXTS[name]} of docs/recipes.md)" in text
        assert "# Claimed: " in text


@pytest.mark.parametrize("name", NAMES)
def test_names_in_a_recipe_are_known(name: str) -> None:
    made = config.build(recipes.values(name), name)
    presets.build(made.augment, 64)
    assert made.model is None or catalogue.is_known(made.model)


@pytest.mark.skipif(not box.installed(), reason="the weights in the box are not installed")
@pytest.mark.parametrize("name", [name for name in FROM_TEXTS if not recipes.values(name).get("scratch")])
def test_a_recipe_takes_the_network_in_the_box_for_one_whose_weights_cannot_be_had(name: str) -> None:
    assert any(f"--model {catalogue.DEFAULT}" in line for line in header(name))
    made = recipes.resolve(name, {"model": catalogue.DEFAULT})
    given = recipes.resolve(name)
    assert made == given.model_copy(update={"model": catalogue.DEFAULT})  # everything else stays
    network = plan.build_network(made, ("a", "b", "c"), made.img_size)
    assert network.origin.startswith("the box")
    assert (network.head, network.size) == (made.head, made.img_size)
    for phase in made.phases:
        assert trainable(network.module, phase.train)


@pytest.fixture(scope="session")
def few(once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """Ten drawn photos of each of the six scenes, 64 pixels."""
    from sightline.scenes.write import write_scenes

    return once("few", lambda folder: write_scenes(folder, per_class=10, size=64, seed=5, workers=1))


@pytest.fixture(scope="session")
def backbone(once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """A small network of random weights as a timm local folder, in the place of pretrained ones."""

    def make(folder: Path) -> None:
        timm.models.save_for_hf(timm.create_model("resnet10t"), folder, safe_serialization=True)

    return once("backbone", make)


# Trying which engine is fastest takes longer than these runs do.
PLAIN = (
    "machine={device: cpu, precision: float32, channels_last: false, engine: eager, threads: 1, evaluation_batch: 16}"
)


@pytest.mark.parametrize("name", NAMES)
def test_runs_for_one_epoch(name: str, few: Path, backbone: Path, tmp_path: Path) -> None:
    values = recipes.values(name)
    size = 64 if values.get("model") in catalogue.own_names() else 32  # ours need 64 pixels
    changes = ["robustness_seconds=0", f"img_size={size}", PLAIN]
    changes += [f"phases.{i}.epochs=1" for i, p in enumerate(values["phases"]) if p.get("solver") != "lbfgs"]
    options: dict[str, object] = {}
    if values.get("model") is None:
        options["weights"] = backbone
    elif not values.get("scratch"):
        options["scratch"] = True  # the recipe's own network, without its weights
    if "per_class" in values:
        options["per_class"] = 7
    run = sightline.train(few, recipe=name, out=tmp_path / "run", set=changes, **options)
    assert run.folder.status == "complete"
    assert len(run.metrics) == len(values["phases"])
    assert run.folder.config().augment == values["augment"]
    assert run.evaluation.n == (18 if "per_class" in values else 9)
