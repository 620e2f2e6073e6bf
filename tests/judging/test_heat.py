"""Heat maps against known answers: the network is taught to find a coloured square, so we know where it must look."""

import numpy as np
import pytest
import timm
import torch

from sightline.judging.heat import enlarge, explain, heat, hide, neighbours
from sightline.models import engines
from sightline.models.network import Network
from sightline.predictor import Predictor
from sightline.runs.documents.extras import Neighbours
from sightline.trust import familiarity

SIZE, SQUARE = 48, 12
COLOURS = np.array([[230, 40, 40], [40, 210, 40], [50, 60, 240]])
KINDS = {
    "test_resnet": {"output_stride": 8},
    "test_vit": {"img_size": SIZE, "patch_size": 8},  # a class token is read out: the places behind it do not count
    "test_vit-mean": {"img_size": SIZE, "patch_size": 8, "global_pool": "avg", "class_token": False},
}


def squares(n, seed):
    """Pictures of coloured noise with one plain square; its colour is the class, its place (top, left) is known."""
    generator = np.random.default_rng(seed)
    pictures = generator.integers(0, 256, (n, SIZE, SIZE, 3)).astype(np.uint8)
    labels, places = generator.integers(0, 3, n), generator.integers(0, SIZE - SQUARE, (n, 2))
    for picture, label, (top, left) in zip(pictures, labels, places, strict=True):
        picture[top : top + SQUARE, left : left + SQUARE] = COLOURS[label]
    return pictures, labels, places


@pytest.fixture(scope="module", params=list(KINDS))
def network(request):
    """A small network that has learned to name the square's colour."""
    torch.manual_seed(0)
    module = timm.create_model(request.param.split("-")[0], num_classes=3, **KINDS[request.param])
    pictures, labels, _ = squares(384, 0)
    images, targets = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1, torch.from_numpy(labels)
    optimizer = torch.optim.AdamW(module.parameters(), 2e-3)
    for step in range(90):
        rows = torch.arange(step * 32, step * 32 + 32) % 384
        loss = torch.nn.functional.cross_entropy(module(images[rows]), targets[rows], label_smoothing=0.1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return Network(module.eval(), request.param, ("red", "green", "blue"), SIZE, (0.5,) * 3, (0.5,) * 3)


def probability(network, pixels, classes):
    _, logits = engines.make("eager", network)(pixels)
    return torch.from_numpy(logits).softmax(1).numpy()[np.arange(len(pixels)), classes]


def test_it_learned_the_colours(network):
    pictures, labels, _ = squares(200, 1)
    assert probability(network, pictures, labels).mean() > 0.8


def test_the_hottest_place_is_on_the_square(network):
    pictures, labels, places = squares(150, 2)
    maps = enlarge(heat(network, pictures, labels), SIZE)
    hottest = np.stack(np.unravel_index(maps.reshape(150, -1).argmax(axis=1), (SIZE, SIZE)), axis=1)
    margin = 4  # half a place of the grid
    near = ((hottest >= places - margin) & (hottest < places + SQUARE + margin)).all(axis=1)
    # A place drawn at random would be that near on fewer than a fifth of the photos.
    assert near.mean() > 0.75


def test_hiding_the_hottest_tenth_hurts_more_than_hiding_a_random_tenth(network):
    pictures, labels, _ = squares(150, 3)
    maps = heat(network, pictures, labels)
    elsewhere = np.random.default_rng(0).random(maps.shape).astype(np.float32)
    before = probability(network, pictures, labels)
    hottest = before - probability(network, hide(pictures, maps), labels)
    random = before - probability(network, hide(pictures, elsewhere), labels)
    assert hottest.mean() > random.mean() + 0.1
    assert (hottest > random).mean() > 0.7


def test_the_map_changes_when_the_weights_are_randomised(network):
    pictures, labels, _ = squares(100, 4)
    trained = heat(network, pictures, labels).reshape(100, -1)
    torch.manual_seed(1)
    arguments = KINDS[network.architecture]
    blank = timm.create_model(network.architecture.split("-")[0], num_classes=3, **arguments).eval()
    random = heat(Network(blank, "", network.classes, SIZE, (0.5,) * 3, (0.5,) * 3), pictures, labels).reshape(100, -1)
    same = heat(network, pictures, labels).reshape(100, -1)
    assert np.array_equal(trained, same)
    likeness = [np.corrcoef(a, b)[0, 1] for a, b in zip(trained, random, strict=True) if a.std() > 0 and b.std() > 0]
    assert np.mean(likeness) < 0.5


def test_another_class_is_another_map(network):
    pictures, labels, _ = squares(60, 5)
    assert np.abs(heat(network, pictures, labels) - heat(network, pictures, (labels + 1) % 3)).mean() > 0.05


def test_the_network_is_left_as_it_was(network):
    network.module.zero_grad(set_to_none=True)  # what its training left
    before = {name: value.clone() for name, value in network.module.state_dict().items()}
    pictures, labels, _ = squares(5, 6)
    maps = heat(network, pictures, labels)
    assert maps.min() >= 0 and maps.max() <= 1 and maps.dtype == np.float32
    assert all(torch.equal(value, before[name]) for name, value in network.module.state_dict().items())
    assert not network.module.training and all(p.grad is None for p in network.module.parameters())


@pytest.mark.parametrize("name", ["swin_tiny_patch4_window7_224", "xcit_nano_12_p16_224", "mobilenetv2_035"])
def test_other_families_have_maps_too(name):
    arguments = {"embed_dim": 24, "depths": (1, 1), "num_heads": (2, 4)} if name.startswith("swin") else {}
    torch.manual_seed(0)
    module = timm.create_model(name, num_classes=3, **arguments).eval()
    size = 224 if name.startswith("swin") else 64
    photos = np.random.default_rng(0).integers(0, 256, (3, size, size, 3), dtype=np.uint8)
    maps = heat(Network(module, name, ("a", "b", "c"), size, (0.5,) * 3, (0.5,) * 3), photos, [0, 1, 2])
    assert maps.ndim == 3 and maps.shape[1] == maps.shape[2] > 1 and maps.max() == 1.0


def test_hiding_hides_exactly_the_hottest_tenth():
    photos = np.random.default_rng(0).integers(0, 256, (2, 40, 40, 3), dtype=np.uint8)
    maps = np.zeros((2, 4, 4), np.float32)
    maps[0, 0, 0] = maps[1, 3, 3] = 1
    changed = (hide(photos, maps) != photos).any(axis=3)
    assert changed[0, :10, :10].mean() > 0.9 and not changed[0, 20:, 20:].any()
    assert changed[1, 30:, 30:].mean() > 0.9
    assert changed.sum() <= 2 * 160


def test_neighbours_are_the_nearest_and_are_named(network):
    pictures, labels, _ = squares(80, 7)
    engine = engines.make("eager", network)
    embeddings, _ = engine(pictures)
    named = tuple(network.classes[label] for label in labels)
    remembered = Neighbours(paths=tuple(f"{i}.png" for i in range(80)), labels=named)
    predictor = Predictor(network, engine, familiarity=familiarity.fit(embeddings, embeddings))
    found = explain(predictor, pictures[:10], remembered)
    for i, item in enumerate(found):
        assert item.neighbours[0].path == f"{i}.png"
        assert item.neighbours[0].similarity == pytest.approx(1, abs=2e-3)
        similar = [near.similarity for near in item.neighbours]
        assert len(similar) == 4 and similar == sorted(similar, reverse=True)
        assert item.predicted == item.explained and 0 < item.confidence <= 1
    labels_near = [[near.label for near in item.neighbours[1:]] for item in found]
    agree = np.mean([label == item.predicted for item, row in zip(found, labels_near, strict=True) for label in row])
    assert agree > 0.8
    assert neighbours(predictor, embeddings[:2], Neighbours()) == [[], []]
