"""MixUp and CutMix: labels follow the pixels."""

import pytest
import torch

from sightline.data.augment.presets import mix
from sightline.errors import UsageError


def batch(n: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    """Image i is filled with the value i, so that a mixture can be read off; its label is i."""
    images = torch.arange(n, dtype=torch.float32)[:, None, None, None].expand(n, 3, 32, 32).contiguous()
    return images, torch.eye(n)


@pytest.mark.parametrize("way", ["mixup", "cutmix"])
def test_targets_are_the_shares_of_the_pixels(way: str) -> None:
    images, targets = batch()
    mixed, soft = mix(images, targets, {way: 1.0}, torch.Generator().manual_seed(0))
    assert mixed.shape == images.shape
    torch.testing.assert_close(soft.sum(1), torch.ones(8))
    assert (soft > 0).sum(1).max() <= 2
    expected = soft @ torch.arange(8.0)
    torch.testing.assert_close(mixed.mean(dim=(1, 2, 3)), expected, atol=1e-4, rtol=0)
    assert torch.equal(images, batch()[0])
    shares = soft.diagonal()
    assert len(set(shares.tolist())) > 4  # each image its own


def test_cutmix_pastes_one_rectangle() -> None:
    images, targets = batch()
    mixed, _ = mix(images, targets, {"cutmix": 1.0}, torch.Generator().manual_seed(1))
    for row, image in enumerate(mixed[:, 0]):
        pasted = image != row
        assert pasted.sum() == pasted.any(0).sum() * pasted.any(1).sum()


def test_small_alpha_leaves_most_images_nearly_pure() -> None:
    images, targets = batch(64)
    _, soft = mix(images, targets, {"mixup": 0.1}, torch.Generator().manual_seed(0))
    assert (soft.max(1).values > 0.95).float().mean() > 0.6


def test_both_are_taken_in_turn_and_the_seed_decides() -> None:
    images, targets = batch()
    seen = set()
    for seed in range(12):
        mixed, _ = mix(images, targets, {"mixup": 1.0, "cutmix": 1.0}, torch.Generator().manual_seed(seed))
        again, _ = mix(images, targets, {"mixup": 1.0, "cutmix": 1.0}, torch.Generator().manual_seed(seed))
        assert torch.equal(mixed, again)
        seen.add(bool((mixed == mixed.round()).all()))
    assert seen == {True, False}


def test_nothing_asked_and_a_lone_image_pass_unchanged() -> None:
    images, targets = batch()
    assert mix(images, targets, {"mixup": 0.0}, torch.Generator())[0] is images
    assert mix(images[:1], targets[:1], {"mixup": 1.0}, torch.Generator())[0].shape[0] == 1


@pytest.mark.parametrize("spec", [{"mixup": -1.0}, {"blend": 1.0}])
def test_wrong_specs_are_refused(spec) -> None:
    with pytest.raises(UsageError, match="mixing"):
        mix(*batch(), spec, torch.Generator())
