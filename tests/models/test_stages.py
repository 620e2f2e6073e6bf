"""The embedding of the last two stages: what it is made of, mirrored photos, every engine, every kind of network."""

import numpy as np
import pytest
import torch

from sightline.models import engines, stages, zoo
from sightline.models.autotune import EMBEDDING_BOUNDS, embedding_error
from sightline.models.network import Network


def network(name: str = "resnet18") -> Network:
    torch.manual_seed(0)
    return zoo.build(name, classes="ab", scratch=True, size=64)


def photos(n: int = 6) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, 64, 64, 3), dtype=np.uint8)


def test_it_holds_the_pooled_features_and_mean_and_spread_of_two_stages() -> None:
    plain = network()
    deep = stages.of(plain)
    assert deep.architecture != plain.architecture, "what is kept of the two must not be mixed up"
    module = deep.module.eval()
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        found = module.forward_features(images)
        assert found.shape == (2, 512 + 2 * (256 + 512))
        looks = [plain.module.forward_intermediates(each)[1] for each in (images, images.flip(3))]
    for start, of in ((512, lambda m: m.mean((2, 3))), (768, lambda m: m.std((2, 3), correction=0))):
        expected = sum(of(maps[-2]) for maps in looks) / 2
        torch.testing.assert_close(found[:, start : start + 256], expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["mobilenetv2_050", "vit_tiny_patch16_224", "resnet9"])
def test_a_mirrored_photo_looks_the_same_to_every_kind_of_network(name: str) -> None:
    torch.manual_seed(0)
    size = 224 if name.startswith("vit") else 64
    deep = stages.of(zoo.build(name, classes="ab", scratch=True, size=size))
    engine = engines.make("eager", deep)
    seen = np.random.default_rng(0).integers(0, 256, (2, size, size, 3), dtype=np.uint8)
    embedding, _ = engine(seen)
    mirrored, _ = engine(np.ascontiguousarray(seen[:, :, ::-1]))
    assert embedding.shape[1] > 60
    assert np.isfinite(embedding).all()
    np.testing.assert_allclose(embedding, mirrored, atol=1e-4)


def test_the_engines_agree() -> None:
    deep = stages.of(network())
    eager = engines.make("eager", deep)
    for name in ("channels-last", "channels-last-bfloat16", *engines.candidates("cpu")[1]):
        engine = engines.make(name, deep)
        error = embedding_error(eager(photos())[0], engine(photos())[0])
        assert error <= EMBEDDING_BOUNDS[engine.precision], name
