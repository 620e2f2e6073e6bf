"""Over 130 odd picture files, for whoever must read them all alike: formats, modes, shapes, turns, depths, damage."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from pictures import FORMATS, encoded, quarters
from sightline.scenes.write import draw


def write(folder: Path) -> list[Path]:
    """Write them into `folder`; returns their paths, sorted."""
    scene = draw("street", 1, 96).resize((131, 97))
    grey = np.asarray(scene.convert("L"))
    files: dict[str, bytes] = {}
    for name, options in FORMATS.items():
        whole = encoded(scene, name, **options)
        files |= {f"{name}.x": whole, f"{name}-half.x": whole[: len(whole) // 2], f"{name}-head.x": whole[:40]}
        spoiled = bytearray(whole)
        spoiled[len(whole) // 2] ^= 0xFF
        spoiled[len(whole) // 3] ^= 0x55
        files[f"{name}-spoiled.x"] = bytes(spoiled)
        files[f"{name}-with-more.x"] = whole + b"more" * 50
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        files[f"png-{mode}.png"] = encoded(_in(scene, mode), "PNG")
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I", "I;16", "F"):
        files[f"tiff-{mode}.tif"] = encoded(_in(scene, mode), "TIFF")
    for mode in ("L", "RGB", "CMYK"):
        for options in ({"progressive": True}, {"quality": 3}, {"subsampling": 0}):
            files[f"jpeg-{mode}-{next(iter(options))}.jpg"] = encoded(_in(scene, mode), "JPEG", **options)
    floats = {
        "unit": grey / 255,
        "over": grey / 254.9,
        "bytes": grey * 1.0,
        "deep": grey * 257.0,
        "signed": grey - 128.0,
    }
    for name, values in floats.items():
        files[f"float-{name}.tif"] = encoded(Image.fromarray(values.astype(np.float32)), "TIFF")
    nan = (grey / 255).astype(np.float32)
    nan[:20] = np.nan
    files["float-nan.tif"] = encoded(Image.fromarray(nan), "TIFF")
    files["deep-12.tif"] = encoded(Image.fromarray(grey.astype(np.uint16) * 16), "TIFF")
    for turn in range(9):
        exif = Image.Exif()
        exif[0x0112] = turn
        for fmt in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
            files[f"turn-{turn}.{fmt.lower()}"] = encoded(quarters(), fmt, exif=exif.tobytes())
    for width, height in (
        (1, 1),
        (2, 300),
        (300, 3),
        (99, 1),
        (133, 1),
        (1, 133),
        (1000, 11),
        (640, 480),
        (2400, 1800),
    ):
        files[f"size-{width}x{height}.jpg"] = encoded(scene.resize((width, height)), "JPEG")
        files[f"size-{width}x{height}.png"] = encoded(scene.resize((width, height)), "PNG")
    frames = [scene.resize((60, 40)), quarters(60, 40)]
    for fmt in ("GIF", "WEBP", "PNG", "TIFF", "AVIF"):
        files[f"frames.{fmt.lower()}"] = encoded(frames[0], fmt, save_all=True, append_images=frames[1:])
    clear = scene.convert("RGBA")
    clear.putalpha(Image.radial_gradient("L").resize(scene.size))
    for fmt in ("PNG", "WEBP", "TIFF"):
        files[f"clear.{fmt.lower()}"] = encoded(clear, fmt)
    files["key.png"] = encoded(scene.convert("L"), "PNG", transparency=100)
    jpeg2000 = io.BytesIO()
    scene.save(jpeg2000, "JPEG2000")
    files["other.jp2"] = jpeg2000.getvalue()
    files |= {
        "empty.jpg": b"", "text.jpg": b"no picture", "page.html": b"<!doctype html><p>x",
        "archive.zip": b"PK\x03\x04" + bytes(60),
        "sketch.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>", "film.mp4": bytes(4) + b"ftypisom" + bytes(60),
        "zeros.png": bytes(4000), "signature.png": b"\x89PNG\r\n\x1a\n", "raw.nef": files["TIFF.x"],
    }  # fmt: skip
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "gone.jpg").symlink_to("nowhere.jpg")
    return sorted(folder.iterdir())


def _in(image: Image.Image, mode: str) -> Image.Image:
    if mode == "LAB":
        from PIL import ImageCms

        turned = ImageCms.profileToProfile(
            image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
        assert turned is not None
        return turned
    if mode == "I;16":
        return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    return image.convert(mode)
