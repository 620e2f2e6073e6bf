"""Augmentations: each operation against torchvision's, and what holds for every preset."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.transforms.v2 import functional as tv

from sightline.data.augment import presets, trivial
from sightline.data.augment.colour import Light, relight
from sightline.data.augment.warp import Placement, degrees, warp
from sightline.errors import UsageError


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def photos() -> torch.Tensor:
    """Four smooth pictures, so that interpolation differs little between libraries."""
    noise = torch.rand(4, 3, 6, 6, generator=generator(1))
    return torch.nn.functional.interpolate(noise, size=48, mode="bicubic").clamp(0, 1)


def placed(n: int = 4, **values: float) -> Placement:
    place = Placement.unchanged(n)
    for name, value in values.items():
        getattr(place, name)[:] = value
    return place


# --- geometry -------------------------------------------------------------------------------------------------------


def test_rotation_is_torchvisions(photos) -> None:
    ours = warp(photos, placed(angle=math.radians(25)), "black")
    theirs = tv.rotate(photos, 25, interpolation=tv.InterpolationMode.BILINEAR)
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)


def test_shift_moves_right_and_down(photos) -> None:
    ours = warp(photos, placed(shift_x=6 / 48, shift_y=3 / 48), "black")
    torch.testing.assert_close(ours[:, :, 3:, 6:], photos[:, :, :-3, :-6], atol=1e-4, rtol=0)
    assert ours[:, :, :3].abs().max() < 1e-5
    assert ours[:, :, :, :6].abs().max() < 1e-5


def test_zoom_enlarges_about_the_centre(photos) -> None:
    ours = warp(photos, placed(zoom=2.0))
    theirs = tv.resize(photos[:, :, 12:36, 12:36], [48, 48], antialias=False)
    torch.testing.assert_close(ours[:, :, 2:-2, 2:-2], theirs[:, :, 2:-2, 2:-2], atol=1e-4, rtol=0)


def test_crop_takes_its_box(photos) -> None:
    ours = warp(photos, placed(width=0.5, height=0.75, left=1.0, top=0.0))
    theirs = tv.resized_crop(photos, top=0, left=24, height=36, width=24, size=[48, 48], antialias=False)
    torch.testing.assert_close(ours[:, :, 2:-2, 2:-2], theirs[:, :, 2:-2, 2:-2], atol=1e-4, rtol=0)


def test_shear_slants_the_verticals(photos) -> None:
    ours = warp(photos, placed(shear_x=0.3), "black")
    theirs = tv.affine(
        photos,
        angle=0,
        translate=[0, 0],
        scale=1.0,
        shear=[-math.degrees(math.atan(0.3)), 0.0],
        interpolation=tv.InterpolationMode.BILINEAR,
    )
    assert (ours - theirs).abs().mean() < 0.02
    assert (ours - photos).abs().mean() > 0.05


def test_flips_alone_are_exact_and_cost_no_resampling(photos) -> None:
    place = Placement.unchanged(4)
    place.flip[1] = -1
    ours = warp(photos, place)
    assert torch.equal(ours[1], photos[1].flip(2))
    assert torch.equal(ours[[0, 2, 3]], photos[[0, 2, 3]])


def test_flip_inside_a_resampling_is_the_flip_of_it(photos) -> None:
    once = warp(photos, placed(angle=0.2, flip=-1.0))
    torch.testing.assert_close(once, warp(photos, placed(angle=0.2)).flip(3)[:, :, :, :], atol=0.6, rtol=0)
    torch.testing.assert_close(warp(photos, placed(flip=-1.0, zoom=1.0001)), photos.flip(3), atol=0.01, rtol=0)


@pytest.mark.parametrize(("fill", "inside"), [("reflect", True), ("border", True), ("black", False)])
def test_fill(photos, fill: str, inside: bool) -> None:
    bright = photos * 0.5 + 0.5
    ours = warp(bright, placed(angle=math.radians(45), zoom=0.5), fill)
    assert (ours.min() >= 0.5 - 1e-5) == inside


# --- light ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "theirs"),
    [
        ("brightness", 1.3, tv.adjust_brightness),
        ("contrast", 0.6, tv.adjust_contrast),
        ("saturation", 1.7, tv.adjust_saturation),
        ("saturation", 0.0, tv.adjust_saturation),
    ],
)
def test_light_is_torchvisions(photos, field: str, value: float, theirs) -> None:
    light = Light.unchanged(4)
    getattr(light, field)[:] = value
    torch.testing.assert_close(relight(photos.clone(), light), theirs(photos, value), atol=2e-3, rtol=0)


def test_hue_keeps_gray_and_turns_red_towards_green() -> None:
    light = Light.unchanged(2)
    light.hue[:] = 2 * math.pi / 3
    gray_and_red = torch.tensor([[0.4, 0.4, 0.4], [0.8, 0.1, 0.1]])[:, :, None, None].expand(2, 3, 2, 2)
    out = relight(gray_and_red.clone(), light)
    torch.testing.assert_close(out[0], gray_and_red[0], atol=1e-3, rtol=0)
    assert out[1].mean(dim=(1, 2)).argmax() != 0


def test_folding_light_is_the_chain(photos) -> None:
    photos = photos * 0.4 + 0.3  # far from 0 and 1, where a chain would cut in between
    light = Light.unchanged(4)
    light.brightness[:], light.contrast[:], light.saturation[:] = 1.1, 0.8, 1.2
    chain = tv.adjust_saturation(tv.adjust_contrast(tv.adjust_brightness(photos, 1.1), 0.8), 1.2)
    torch.testing.assert_close(relight(photos.clone(), light), chain, atol=2e-3, rtol=0)


# --- TrivialAugment -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "strength", "theirs"),
    [
        ("posterize", 1.0, lambda x: tv.posterize(x, 2)),
        ("solarize", 0.6, lambda x: tv.solarize(x, 0.4 * 255)),
        ("autocontrast", 0.0, tv.autocontrast),
        ("equalize", 0.0, tv.equalize),
        ("sharpness", 0.5, lambda x: tv.adjust_sharpness(x, 1 + 0.99 * 0.5)),
    ],
)
def test_trivial_operations_are_torchvisions(photos, name: str, strength: float, theirs) -> None:
    large = torch.nn.functional.interpolate(photos[:1], size=192)  # equalize counts pixels in whole 255ths
    bytes_ = (large * 255).round().to(torch.uint8)
    chosen = torch.tensor([trivial.OPERATIONS.index(name)])
    ours = trivial.finish(bytes_.float() / 255, chosen, torch.tensor([strength]))
    inner = (slice(None), slice(None), slice(1, -1), slice(1, -1))  # torchvision leaves the rim unsharpened
    difference = (ours[inner] * 255 - theirs(bytes_)[inner].float()).abs()
    assert difference.max() <= (8 if name == "equalize" else 2)


def test_trivial_takes_every_operation_and_one_for_each_image() -> None:
    chosen, strength = trivial.draw(2000, generator())
    assert set(chosen.tolist()) == set(range(len(trivial.OPERATIONS)))
    assert -1 <= strength.min() < -0.9 < 0.9 < strength.max() <= 1
    place, light = Placement.unchanged(2000), Light.unchanged(2000)
    trivial.plan(chosen, strength, place, light)
    turned = place.angle != 0
    assert torch.equal(turned, (chosen == trivial.OPERATIONS.index("rotate")) & (strength != 0))
    assert place.angle.abs().max() <= degrees(torch.tensor(135.0)) + 1e-5
    assert light.brightness.min() >= 0


# --- presets and specs ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", presets.PRESETS)
def test_presets_keep_shape_range_input_and_repeat(photos, name: str) -> None:
    operate = presets.build(name, 48)
    before = photos.clone()
    out = operate(photos, generator(3))
    assert out.shape == photos.shape
    assert out.dtype == photos.dtype
    assert 0 <= out.min() <= out.max() <= 1
    assert torch.equal(photos, before)
    assert torch.equal(out, operate(photos, generator(3)))
    if name == "none":
        assert out is photos
    else:
        assert not torch.equal(out, operate(photos, generator(4)))


@pytest.mark.parametrize("name", [name for name in presets.PRESETS if name != "none"])
def test_each_image_has_its_own_values(photos, name: str) -> None:
    same = photos[:1].expand(16, -1, -1, -1)
    out = presets.build(name, 48)(same, generator(5))
    distinct = {tuple(row.flatten()[::97].tolist()) for row in out}
    assert len(distinct) >= 8


@pytest.mark.parametrize("name", ["light", "scenes-000", "keras-document"])
def test_channels_last_gives_the_same(photos, name: str) -> None:
    operate = presets.build(name, 48)
    torch.testing.assert_close(
        operate(photos.to(memory_format=torch.channels_last), generator(2)), operate(photos, generator(2))
    )


def test_grayscale_and_erase_reach_about_their_share() -> None:
    photos = torch.rand(200, 3, 16, 16, generator=generator())
    gray = presets.build({"grayscale": 0.3}, 16)(photos, generator(1))
    share = (gray[:, 0] - gray[:, 1]).abs().amax(dim=(1, 2)).lt(1e-5).float().mean()
    assert 0.2 < share < 0.4
    erased = presets.build({"erase": 0.5}, 16)(photos, generator(1))
    hit = (erased == 0.5).all(1).float().mean(dim=(1, 2))
    assert 0.4 < (hit > 0).float().mean() < 0.6
    assert hit.max() < 0.5
    untouched = hit == 0
    assert torch.equal(erased[untouched], photos[untouched])


def test_a_spec_may_start_from_a_preset_and_switch_off() -> None:
    operate = presets.build({"preset": "light", "rotation": 0, "erase": 0.2}, 48)
    assert "rotation" not in operate.spec
    assert operate.spec["crop"] == 0.7
    assert not presets.build({"preset": "none"}, 48).changes
    assert presets.build({"flip": True, "brightness": [0.5, 0.9]}, 48).spec["brightness"] == [0.5, 0.9]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("heavy", "Presets: none, light"),
        ({"spin": 3}, "there is no spin"),
        ({"rotation": "much"}, "a number or"),
        ({"rotation": [20, 10]}, "out of range"),
        ({"crop": 1.5}, "out of range"),
        ({"flip": 2}, "chance"),
        ({"fill": "white"}, "fill is one of"),
        ({"trivial": 3}, "true or false"),
        ({"preset": "x"}, "x is unknown"),
    ],
)
def test_wrong_specs_are_refused_in_plain_words(spec, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        presets.build(spec, 48)


@settings(max_examples=25, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "flip": st.floats(0, 1),
            "rotation": st.floats(0, 360),
            "shift": st.floats(0, 1),
            "shear": st.floats(0, 1),
            "zoom": st.floats(0, 5),
            "crop": st.floats(0.01, 1),
            "brightness": st.floats(0, 5),
            "contrast": st.floats(0, 5),
            "saturation": st.floats(0, 5),
            "hue": st.floats(0, 0.5),
            "grayscale": st.floats(0, 1),
            "erase": st.floats(0, 1),
            "trivial": st.booleans(),
            "fill": st.sampled_from(["reflect", "border", "black"]),
        },
    ),
    st.integers(0, 5),
)
def test_any_spec_in_range_gives_finite_pictures(spec, n: int) -> None:
    photos = torch.rand(n, 3, 20, 20, generator=generator())
    out = presets.build(spec, 20)(photos, generator(1))
    assert out.shape == photos.shape
    assert torch.isfinite(out).all()
    assert n == 0 or (out.min() >= -1e-5 and out.max() <= 1 + 1e-5)
