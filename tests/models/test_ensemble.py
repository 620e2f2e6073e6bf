"""Several networks as one: the mean of their logits, the first one's embedding, a folder that timm can take apart."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import timm
import torch

from sightline.errors import SightlineError, UsageError
from sightline.judging.heat import heat
from sightline.models import engines, zoo
from sightline.models.ensemble import Ensemble, parts
from sightline.models.folder import files_in, load_network, members_in, save_network
from sightline.models.network import Network, join

CLASSES = ("cat", "dog", "fox")


def build(seed: int, head: str = "linear", name: str = "resnet18") -> Network:
    torch.manual_seed(seed)
    network = zoo.build(name, classes=CLASSES, scratch=True, size=64, head=head)
    network.module.eval()
    return network


@pytest.fixture(scope="module")
def members() -> list[Network]:
    return [build(seed) for seed in range(3)]


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), np.uint8)


def test_logits_are_the_mean_and_the_embedding_is_the_first_members(members: list[Network], pixels: np.ndarray) -> None:
    each = [engines.make("eager", member)(pixels) for member in members]
    embedding, logits = engines.make("eager", join(members))(pixels)
    np.testing.assert_allclose(logits, np.mean([one[1] for one in each], axis=0), atol=1e-5)
    np.testing.assert_allclose(embedding, each[0][0], atol=1e-5)
    assert not np.allclose(logits, each[0][1], atol=1e-3)


def test_its_parts_give_what_the_whole_gives(members: list[Network]) -> None:
    whole = join(members).module
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        features = whole.forward_features(images)
        by_parts = whole.get_classifier()(whole.forward_head(features, pre_logits=True))
        torch.testing.assert_close(by_parts, whole(images))
        torch.testing.assert_close(whole.forward_head(features), whole(images))


@pytest.mark.parametrize("head", ["linear", "dense", "regularised"])
def test_a_folder_gives_the_same_answers_whatever_the_head(head: str, pixels: np.ndarray, tmp_path: Path) -> None:
    network = join([build(seed, head) for seed in range(2)])
    save_network(network, tmp_path / "model")
    again = load_network(tmp_path / "model")
    assert isinstance(again.module, Ensemble)
    assert (again.members, again.classes, again.size, again.head) == (2, CLASSES, 64, head)
    assert again.parameters == network.parameters
    for found, expected in zip(
        engines.make("eager", again)(pixels), engines.make("eager", network)(pixels), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_timm_alone_loads_each_member(members: list[Network], tmp_path: Path) -> None:
    save_network(join(members), tmp_path / "model")
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    for number, member in enumerate(members, 1):
        alone = timm.create_model(f"local-dir:{tmp_path / 'model' / f'member-{number}'}", pretrained=True).eval()
        with torch.no_grad():
            torch.testing.assert_close(alone(images), member.module(images))


def test_files_are_named_and_a_single_network_is_no_ensemble(members: list[Network], tmp_path: Path) -> None:
    save_network(join(members[:2]), tmp_path / "two")
    written = sorted(path.relative_to(tmp_path / "two").as_posix() for path in (tmp_path / "two").rglob("*.*"))
    assert sorted(files_in(tmp_path / "two")) == written
    save_network(members[0], tmp_path / "one")
    assert members_in(tmp_path / "one") == 1
    assert files_in(tmp_path / "one") == ["model.safetensors", "config.json"]
    assert parts(members[0].module) == [members[0].module]


def test_networks_of_two_kinds_are_refused(members: list[Network]) -> None:
    with pytest.raises(SightlineError, match="differ in kind"):
        join([members[0], build(0, "regularised")])


def test_weights_from_an_ensemble_name_the_way_out(members: list[Network], tmp_path: Path) -> None:
    save_network(join(members), tmp_path)
    with pytest.raises(UsageError, match=r"ensemble of 3 networks.*member-1"):
        zoo.build(None, classes=CLASSES, weights=tmp_path)
    assert zoo.build(None, classes=CLASSES, weights=tmp_path / "member-2", size=64).architecture == "resnet18"


@pytest.mark.parametrize("count", [0, -1, 10**9, "many", 2.5])
def test_an_impossible_number_of_members_is_refused(members: list[Network], tmp_path: Path, count: object) -> None:
    save_network(join(members[:2]), tmp_path)
    described = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**described, "sightline_members": count}))
    with pytest.raises(SightlineError, match=r"config\.json"):
        load_network(tmp_path)


def test_heat_of_equals_is_the_heat_of_one(members: list[Network], pixels: np.ndarray) -> None:
    one, twice = members[0], join([members[0], members[0]])
    targets = [0, 1, 2, 0]
    np.testing.assert_allclose(heat(twice, pixels, targets), heat(one, pixels, targets), atol=1e-5)
    assert heat(join(members), pixels, targets).shape == heat(one, pixels, targets).shape


def test_heat_of_transformers_watches_the_blocks_of_all(pixels: np.ndarray) -> None:
    one = build(0, name="vit_tiny_patch16_224")
    both = heat(join([one, build(1, name="vit_tiny_patch16_224")]), pixels[:2], [0, 1])
    alone = heat(one, pixels[:2], [0, 1])
    assert both.shape == alone.shape == (2, 4, 4)
    assert not np.allclose(both, alone, atol=1e-3)
