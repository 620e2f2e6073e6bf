"""Any mode that Pillow opens, to RGB: scaled and not clipped, transparency shown on white, colours kept.

Pillow's own `convert("RGB")` clips 16-bit and float pictures to 255 and drops transparency; this does neither.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from sightline.data.decoding import deep
from sightline.data.decoding.deep import FULL
from sightline.data.decoding.regular import Undecodable

WHITE = (255, 255, 255)
"""What shows through where a picture is transparent."""

DARK = 16
"""Of 255 levels: a picture without a lighter one shows nothing."""

_HAIR = 0.1  # by how much of the range a picture may go beyond white with any number of its values
_OVERSHOOT, _OUTSIDE = 0.5, 0.02  # … and by how much with this share of them
_FEW = 0.001  # of the values: one hot pixel stretches the range so that all others are black


def to_rgb(image: Image.Image, bits: int | None = None, white: int = FULL) -> tuple[Image.Image, tuple[str, ...]]:
    """`image`, which is loaded, as RGB, and a note of each thing that was done to it.

    Args:
        image: any mode. It is not changed.
        bits: how many bits a sample of an "I;16" picture uses, where the file says so (a 12-bit TIFF).
        white: of one whose file does not say so; see `deep`.

    Returns:
        The RGB picture, and notes out of "gray", "1-bit", "16-bit", "float", "palette", "alpha", "cmyk", "ycbcr",
        "lab", "hsv".
    """
    mode = image.mode
    clear = "transparency" in image.info
    if mode == "RGB" and not clear:
        return image, ()
    if mode.startswith("I") or mode == "F":
        return _deep(image, bits, white)
    if mode == "CMYK":
        return _cmyk(image), ("cmyk",)
    if mode == "LAB":
        return _lab(image), ("lab",)
    if mode in ("YCbCr", "HSV", "RGBX"):
        return image.convert("RGB"), () if mode == "RGBX" else (mode.lower(),)

    notes = {"1": ("1-bit",), "L": ("gray",), "LA": ("gray",), "La": ("gray",), "P": ("palette",), "PA": ("palette",)}
    told = notes.get(mode, ())
    if clear or mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        return _on_white(image), (*told, "alpha")
    return image.convert("RGB"), told


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode in ("La", "RGBa"):  # premultiplied
        image = image.convert(image.mode.upper())
    elif image.mode in ("1", "L", "RGB"):
        image = _with_plain_key(image)
    image = image.convert("RGBA")
    ground = Image.new("RGB", image.size, WHITE)
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _with_plain_key(image: Image.Image) -> Image.Image:
    """The colour that a PNG declares to be transparent has 16 bits in a 16-bit file, but its pixels are 8-bit here."""
    key = image.info["transparency"]
    values = key if isinstance(key, tuple) else (key,)
    if not all(isinstance(value, int) for value in values) or max(values) <= 255:
        return image
    image = image.copy()
    eight = tuple(value >> 8 for value in values)
    image.info["transparency"] = eight if isinstance(key, tuple) else eight[0]
    return image


def deep_to_rgb(values: np.ndarray, key: object, white: int) -> tuple[Image.Image, tuple[str, ...]]:
    """Several channels of 16 bits as RGB, and a note of each thing that was done, as `to_rgb` gives them.

    Args:
        values: (height, width, 2, 3 or 4) uint16: gray or RGB, with or without alpha.
        key: the colour that a PNG declares to be transparent, if it does.
        white: of the colours; see `deep`.

    Raises:
        Undecodable: as `scaled`.
    """
    colours = scaled(deep.opaque(values), white=white)
    notes: tuple[str, ...] = ("16-bit", "gray") if colours.shape[2] == 1 else ("16-bit",)
    colours = np.broadcast_to(colours, (*colours.shape[:2], 3))
    if values.shape[2] in (2, 4):
        alpha = (values[..., -1] >> 8).astype(np.uint8)
    elif isinstance(key, tuple) and len(key) == values.shape[2]:
        alpha = np.where((values == np.array(key)).all(axis=2), np.uint8(0), np.uint8(255))
    else:
        return Image.fromarray(np.ascontiguousarray(colours)), notes
    return _on_white(Image.fromarray(np.dstack([colours, alpha]))), (*notes, "alpha")


def _deep(image: Image.Image, bits: int | None, white: int) -> tuple[Image.Image, tuple[str, ...]]:
    """One channel of 16-bit, 32-bit or float samples."""
    values = np.asarray(image)
    notes: tuple[str, ...]
    if image.mode.startswith("I;16"):
        gray, notes = scaled(values.astype(np.uint16, copy=False), bits, white), ("16-bit", "gray")
        key = image.info.get("transparency")
        if isinstance(key, int):
            gray[values == key] = 255
            notes = (*notes, "alpha")
    else:
        gray, notes = scaled(values), ("float" if image.mode == "F" else "32-bit", "gray")
    return Image.fromarray(gray).convert("RGB"), notes


def scaled(values: np.ndarray, bits: int | None = None, white: int = FULL) -> np.ndarray:
    """Samples of any number type as uint8, same shape.

    Unsigned 16-bit samples are scaled from the range of `bits` bits where their file says so, else from 0 to `white`,
    which is a fact of their dataset; a few beyond it, such as reflections, are clipped. For floats and other integers
    nothing says what white is: values within 0-1 (floats), 0-255 or 0-65535 are taken to have that range, and what lies
    a little outside, as resizing leaves it, is clipped; any other range is stretched to fit. NaN is black, infinities
    are the ends of the finite values.

    Args:
        values: the samples.
        bits: how many bits an unsigned 16-bit sample uses, where that is known.
        white: of one where that is not known.

    Raises:
        Undecodable: not one of them is finite; they vary, yet all come out black or nearly so; many lie beyond white.
    """
    if values.dtype == np.uint8:
        return values
    if values.dtype == np.bool_:
        return np.where(values, np.uint8(255), np.uint8(0))
    if not values.size:
        return np.zeros(values.shape, np.uint8)
    if values.dtype == np.uint16:
        return _sixteen(values, (1 << bits) - 1 if bits else white, known=bits is not None)

    real = values.astype(np.float32)
    finite = real[np.isfinite(real)]
    if not finite.size:
        raise Undecodable("corrupt", "none of its values is a finite number")
    low, high = float(finite.min()), float(finite.max())
    bottom, top = _range(finite, low, high, np.issubdtype(values.dtype, np.floating))
    real = np.nan_to_num(real, nan=low, posinf=high, neginf=low)
    # Halves first: the difference of the two ends of float32's range is not a float32.
    span = top / 2 - bottom / 2
    unit = (real / 2 - bottom / 2) / span if span > 0 else np.zeros_like(real)
    return _seen(np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8), low, high, _FEW)


def _sixteen(values: np.ndarray, white: int, known: bool) -> np.ndarray:
    darkest, brightest = int(values.min()), int(values.max())
    if brightest > white and not known and np.mean(values > white) > _OUTSIDE:
        raise Undecodable(
            "unsupported",
            f"its values go up to {brightest:,}, where white is {white:,} for 16-bit photos",
        )
    eight = (np.minimum(values, white).astype(np.uint32) * 255 + white // 2) // white
    return _seen(eight.astype(np.uint8), darkest, brightest, why=f"where white is {white:,} for 16-bit photos")


def _range(finite: np.ndarray, low: float, high: float, floats: bool) -> tuple[float, float]:
    """What is black and what is white."""
    for white in (1.0, 255.0, 65535.0)[0 if floats else 1 :]:
        if low >= 0 and high <= (1 + _HAIR) * white:
            return 0.0, white
        # Resizing overshoots at edges only, another range does so everywhere: nearly all must lie inside.
        near = low >= -_OVERSHOOT * white and high <= (1 + _OVERSHOOT) * white
        if near and np.mean((finite < 0) | (finite > white)) <= _OUTSIDE:
            return 0.0, white
    return low, high


def _seen(
    levels: np.ndarray,
    low: float,
    high: float,
    few: float = 0.0,
    why: str = "so give 0-255, 0-65535, or numbers from 0 to 1",
) -> np.ndarray:
    """The levels, unless no more than the share `few` of them is lighter than black though the values vary."""
    if low < high and np.count_nonzero(levels > DARK) <= few * levels.size:
        raise Undecodable("unsupported", f"its values, {low:g} to {high:g}, come out all but black, {why}")
    return levels


def _cmyk(image: Image.Image) -> Image.Image:
    """By the picture's own colour profile where it has a usable one, as printers mean it; else by the plain formula.

    JPEGs from Adobe's programs store CMYK inverted; Pillow has turned that round by now.
    """
    profile = image.info.get("icc_profile")
    if isinstance(profile, bytes) and profile[16:20] == b"CMYK":
        from PIL import ImageCms

        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image,
                source,
                ImageCms.createProfile("sRGB"),
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,  # with this flag, as picture editors show it
                outputMode="RGB",
                flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
            )
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB")


def _lab(image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    assert converted is not None  # only with inPlace=True is nothing returned
    return converted
