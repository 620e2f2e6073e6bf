"""Copies are found whatever was done to them, other photos are left alone, and groups join what belongs together."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw, ImageFont, ImageOps

from sightline.checks.duplicates import find_duplicates
from sightline.checks.neighbours import EXACT_UP_TO
from sightline.checks.signature import alike, mirrored, shrink, signatures
from sightline.data.pixels import Pixels
from sightline.scenes.damage import near_duplicate
from sightline.scenes.tones import TONES

SIZE = 96


def photo(seed: int) -> Image.Image:
    """Random clouds of light and colour with the spectrum of natural photos (amplitude falling as 1/frequency)."""
    g = np.random.default_rng(seed)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(SIZE), np.fft.rfftfreq(SIZE), indexing="ij"))
    frequency[0, 0] = 1
    light, *tint = (
        np.fft.irfft2(np.fft.rfft2(g.normal(size=(SIZE, SIZE))) / frequency**power, (SIZE, SIZE))
        for power in (1.2, 2, 2, 2)
    )
    channels = [40 * light / light.std() + 12 * t / t.std() + 128 for t in tint]
    return Image.fromarray(np.clip(np.stack(channels, -1), 0, 255).astype(np.uint8))


def saved(image: Image.Image, quality: int = 90) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")


def captioned(image: Image.Image) -> Image.Image:
    image = image.copy()
    ImageDraw.Draw(image).text((8, 60), "photo 2014", fill="white", font=ImageFont.load_default(11))
    return saved(image)


CHANGES = {
    "saved again": lambda image: saved(image, 30),
    "halved": lambda image: saved(image.resize((SIZE // 2, SIZE // 2))),
    "enlarged": lambda image: saved(image.resize((SIZE * 3 // 2, SIZE * 3 // 2))),
    "cropped at a corner": lambda image: saved(image.crop((0, 0, SIZE * 9 // 10, SIZE * 9 // 10))),
    "cropped all round": lambda image: saved(image.crop((5, 5, SIZE - 5, SIZE - 5))),
    "cropped and stretched": lambda image: saved(image.crop((0, 0, SIZE * 9 // 10, SIZE)).resize((SIZE, SIZE))),
    "brightened": lambda image: saved(Image.eval(image, lambda v: min(255, int(v * 1.2)))),
    "darkened": lambda image: saved(Image.eval(image, lambda v: int(v * 0.8))),
    "mirrored": lambda image: saved(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
    "captioned": captioned,
    "grey": lambda image: saved(image.convert("L").convert("RGB")),
}


def toned(curve: Callable[[np.ndarray], np.ndarray]) -> Callable[[Image.Image], Image.Image]:
    return lambda image: saved(Image.fromarray(np.clip(curve(np.asarray(image, float)), 0, 255).astype(np.uint8)))


TONED = {
    "contrast raised until it clips": toned(lambda v: (v - 128) * 1.8 + 128),
    "contrast taken away": toned(lambda v: (v - 128) * 0.4 + 128),
    "gamma down": toned(lambda v: 255 * (v / 255) ** 0.5),
    "gamma up": toned(lambda v: 255 * (v / 255) ** 1.8),
    "an S of a curve": toned(lambda v: 127.5 * (1 - np.cos(np.pi * v / 255))),
    "levels": lambda image: saved(ImageOps.autocontrast(image, 3)),
    "equalised": lambda image: saved(ImageOps.equalize(image)),
    "warmer": toned(lambda v: v * [1.3, 1.0, 0.7]),
    "green of a lamp": toned(lambda v: v * [0.8, 1.1, 0.8]),
    "duotone": lambda image: saved(ImageOps.colorize(image.convert("L"), "#102040", "#ffe8c0")),
    "few levels": lambda image: saved(ImageOps.posterize(image, 3)),
    "palette": lambda image: image.quantize(16, dither=Image.Dither.NONE).convert("RGB"),
    "palette, dithered": lambda image: image.quantize(32).convert("RGB"),
    "white frame": lambda image: saved(ImageOps.expand(image, 4, "white")),
    "black frame and mirrored": lambda image: saved(ImageOps.mirror(ImageOps.expand(image, 5, "black"))),
    "two frames": lambda image: saved(ImageOps.expand(ImageOps.expand(image, 1, "black"), 4, "#eee8d8")),
    "grey, mirrored, halved": lambda image: saved(ImageOps.mirror(image.convert("L").convert("RGB")).resize((48, 48))),
    "sepia and cropped": lambda image: saved(
        ImageOps.colorize(image.convert("L"), "#1a0f00", "#fff0d0").crop((4, 4, SIZE, SIZE))
    ),
}


def squares(images: list[Image.Image]) -> Pixels:
    return Pixels(np.stack([np.asarray(image.resize((SIZE, SIZE))) for image in images]))


def plain(n: int, **columns: object) -> pd.DataFrame:
    return pd.DataFrame({"path": [f"{i}.jpg" for i in range(n)], **columns})


def test_changed_copies_are_found_and_nothing_else() -> None:
    originals = [photo(i) for i in range(60)]
    copies = [change(originals[i]) for i, change in enumerate(CHANGES.values())]
    found = find_duplicates(plain(60 + len(copies)), squares(originals + copies))
    pairs = {(row.a, row.b): row.kind for row in found.pairs.itertuples()}
    assert pairs == {(i, 60 + i): "near" for i in range(len(CHANGES))}, [list(CHANGES)[b - 60] for _, b in pairs]
    assert found.pairs["score"].between(0.7, 1).all()
    assert (found.groups[60:] == np.arange(len(CHANGES))).all()
    assert len(set(found.groups)) == 60


def test_copies_with_another_tone_are_found_and_nothing_else() -> None:
    originals = [photo(i) for i in range(100, 160)]
    copies = [change(originals[i]) for i, change in enumerate(TONED.values())]
    found = find_duplicates(plain(60 + len(copies)), squares(originals + copies))
    pairs = {(row.a, row.b): row.kind for row in found.pairs.itertuples()}
    wanted = {(i, 60 + i): "near" for i in range(len(TONED))}
    assert pairs == wanted, [name for i, name in enumerate(TONED) if (i, 60 + i) not in pairs]


def test_on_real_photos_each_tone_is_found_and_no_pair_is_false(real_photos: Path) -> None:
    """The small version of benchmarks/audit.py, which plants 200 of each kind in 6,000."""
    paths = sorted(path for folder in sorted(real_photos.iterdir()) for path in sorted(folder.glob("*.jpg"))[:40])
    originals = [Image.open(path).convert("RGB") for path in paths]
    rng = np.random.default_rng(0)
    sources = rng.choice(len(originals), 8 * len(TONES), replace=False)
    copies = []
    for number, source in enumerate(sources):
        content, _ = near_duplicate(originals[source], list(TONES)[number // 8], rng)
        copies.append(Image.open(io.BytesIO(content)))
    alone = find_duplicates(plain(len(originals)), squares(originals))
    assert set(alone.pairs["kind"]) <= {"burst"}
    found = find_duplicates(plain(len(originals) + len(copies)), squares(originals + copies)).pairs
    near = set(found.loc[found["kind"] == "near", ["a", "b"]].itertuples(index=False, name=None))
    wanted = {(source, len(originals) + number) for number, source in enumerate(sources.tolist())}
    assert near <= wanted
    assert len(near) >= 0.95 * len(wanted), sorted(wanted - near)


def test_bytes_and_pixels_are_told_apart() -> None:
    images = [photo(1), photo(2), photo(1), photo(1), photo(2)]
    samples = plain(5, digest=["p", "q", "p", "r", "s"], width=96, height=96)
    found = find_duplicates(samples, squares(images))
    assert found.pairs.values.tolist() == [[0, 2, "bytes", 1.0], [0, 3, "pixels", 1.0], [1, 4, "pixels", 1.0]]
    assert found.groups.tolist() == [0, 1, 0, 0, 1]


def test_empty_pictures_are_no_evidence_unless_they_are_identical() -> None:
    blank = [Image.new("RGB", (SIZE, SIZE), colour) for colour in ("black", "white", "grey", "navy", "grey")]
    found = find_duplicates(plain(5), squares(blank))
    assert found.pairs.values.tolist() == [[2, 4, "pixels", 1.0]]


def test_a_moved_camera_makes_a_burst_not_a_copy() -> None:
    scene = photo(5).resize((140, 140), Image.Resampling.BICUBIC)
    left, right = scene.crop((0, 0, 96, 96)), scene.crop((12, 6, 108, 102))
    found = find_duplicates(plain(3), squares([left, photo(6), right]))
    assert found.pairs[["a", "b", "kind"]].values.tolist() == [[0, 2, "burst"]]
    assert found.groups.tolist() == [0, 1, 0]
    assert found.same.tolist() == [0, 1, 2]


def test_the_same_answer_twice_and_groups_do_not_depend_on_order() -> None:
    images = [photo(i) for i in range(12)] + [saved(photo(i), 50) for i in range(6)] + [saved(photo(0), 40)]
    first, second = find_duplicates(plain(19), squares(images)), find_duplicates(plain(19), squares(images))
    pd.testing.assert_frame_equal(first.pairs, second.pairs)
    backwards = find_duplicates(plain(19), squares(images[::-1])).groups[::-1]
    assert pd.Series(first.groups).groupby(backwards).nunique().max() == 1
    assert len(set(backwards)) == len(set(first.groups)) == 12


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_photos(n: int) -> None:
    found = find_duplicates(plain(n), Pixels(np.zeros((n, 32, 32, 3), np.uint8)))
    assert len(found.groups) == n
    assert list(found.pairs.columns) == ["a", "b", "kind", "score"]


def test_a_missing_row_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="3 samples but 2 photos"):
        find_duplicates(plain(3), Pixels(np.zeros((2, 32, 32, 3), np.uint8)))


def test_the_mirrored_signature_is_that_of_the_mirrored_photo() -> None:
    small = shrink(np.stack([np.asarray(photo(i)) for i in range(8)]), 32)
    np.testing.assert_allclose(mirrored(signatures(small)), signatures(small[:, :, ::-1]), atol=1e-4)


def test_the_index_finds_what_the_exact_search_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    g = np.random.default_rng(0)
    base = g.normal(size=(1500, 65))
    both = np.concatenate([base, base + g.normal(size=base.shape) * 0.4]).astype(np.float32)
    both /= np.linalg.norm(both, axis=1, keepdims=True)
    exact = {tuple(pair) for pair in alike(both).tolist()}
    assert {(i, i + 1500, 0) for i in range(1500)} <= exact
    monkeypatch.setattr("sightline.checks.neighbours.EXACT_UP_TO", 100)
    indexed = {tuple(pair) for pair in alike(both).tolist()}
    assert len(exact & indexed) >= 0.99 * len(exact)
    assert EXACT_UP_TO > 100
