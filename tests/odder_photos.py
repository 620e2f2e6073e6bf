"""Further odd picture files, of kinds that people bring and nobody thinks of: see `odd_photos`."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import simplejpeg
from PIL import Image, ImageCms

from deep_pictures import png, ppm, tiff
from pictures import encoded, quarters
from sightline.scenes.write import draw


def write(folder: Path) -> list[Path]:
    """Write them into `folder`; returns their paths, sorted."""
    scene = draw("forest", 3, 96).resize((90, 70))
    files = {
        **_deep(scene), **_png(scene), **_jpeg(scene), **_tiff(scene), **_animations(scene), **_others(scene),
        **_names(scene),
    }  # fmt: skip
    for name, content in files.items():
        (folder / name).write_bytes(content)
    os.mkfifo(folder / "pipe.jpg")
    (folder / "folder.png").mkdir()
    (folder / "loop.jpg").symlink_to("loop.jpg")
    return sorted(folder.iterdir())


def _deep(scene: Image.Image) -> dict[str, bytes]:
    """10, 12 and 16 bits in 16, dark ones, with alpha, interlaced."""
    files = {}
    for bits in (10, 12, 16):
        colour = np.asarray(scene).astype(np.uint16) << (bits - 8)
        gray = np.ascontiguousarray(colour[..., 1])
        clear = np.full((70, 90, 1), 65535, np.uint16)
        clear[:30] = 20_000
        for name, values in (("gray", gray), ("rgb", colour)):
            files |= {
                f"deep-{bits}-{name}.png": png(values),
                f"deep-{bits}-{name}-interlaced.png": png(values, interlaced=True),
                f"deep-{bits}-{name}-alpha.png": png(np.dstack([values, clear])),
                f"deep-{bits}-{name}-key.png": png(values, extra=[(b"tRNS", values[3, 3].astype(">u2").tobytes())]),
                f"deep-{bits}-{name}-dark.png": png(values // 20),
                f"deep-{bits}-{name}.ppm": ppm(values),
                f"deep-{bits}-{name}-own.ppm": ppm(values, (1 << bits) - 1),
                f"deep-{bits}-{name}-half.png": png(values)[:2000],
            }
            for order in "<>":
                files[f"deep-{bits}-{name}-{'LB'[order == '>']}.tif"] = tiff(values, order)
                files[f"deep-{bits}-{name}-{'LB'[order == '>']}-packed.tif"] = tiff(values, order, packed=True)
        files[f"deep-{bits}-rgba.tif"] = tiff(np.dstack([colour, clear]))
    gray = np.asarray(scene.convert("L"))
    files["signed-32.tif"] = encoded(Image.fromarray(gray.astype(np.int32) * 16), "TIFF")
    files["plain.pgm"] = b"P2 2 2 4095 0 1000 2000 4095"
    files["plain.pbm"] = b"P1 4 2 0 1 0 1 1 0 1 0"
    files["bits.pbm"] = encoded(scene.convert("1"), "PPM")
    files["floats.pfm"] = b"PF 2 2 -1.0\n" + np.linspace(0, 1, 12, dtype=np.float32).tobytes()
    return files


def _png(scene: Image.Image) -> dict[str, bytes]:
    """Palettes of all depths, transparency of all kinds, chunks that say how to show colours, wrong checksums."""
    rgb = np.asarray(scene)
    files = {f"palette-{bits}.png": encoded(scene.quantize(1 << bits), "PNG", bits=bits) for bits in (1, 2, 4, 8)}
    palette = scene.quantize(64)
    files["palette-clear.png"] = encoded(palette, "PNG", transparency=bytes(range(0, 256, 4)))
    files["palette-one-clear.png"] = encoded(palette, "PNG", transparency=5)
    files["palette-clear.gif"] = encoded(palette, "GIF", transparency=5)
    files["palette-alpha.tif"] = encoded(scene.convert("LA"), "TIFF")
    files["key-rgb.png"] = encoded(scene, "PNG", transparency=scene.getpixel((4, 4)))
    files["key-bits.png"] = encoded(scene.convert("1"), "PNG", transparency=0)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    chunks = {
        "gamma": (b"gAMA", struct.pack(">I", 100_000)),
        "no-gamma": (b"gAMA", bytes(4)),
        "chroma": (b"cHRM", bytes(32)),
        "intent": (b"sRGB", b"\7"),
        "significant": (b"sBIT", b"\5\6\5"),
        "ground": (b"bKGD", bytes(6)),
        "profile": (b"iCCP", b"x\0\0not packed"),
        "aspect": (b"pHYs", struct.pack(">IIB", 1, 9, 0)),
        "critical": (b"ABCD", b"?"),
        "cicp": (b"cICP", b"\x09\x10\0\1"),
        "short-key": (b"tRNS", b"\0"),
        "exif": (b"eXIf", b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"),
    }
    files |= {f"chunk-{name}.png": png(rgb, extra=[chunk]) for name, chunk in chunks.items()}
    files["interlaced.png"] = png(rgb, interlaced=True)
    for mode in ("L", "LA", "P", "RGB", "RGBA"):
        files[f"profiled-{mode}.png"] = encoded(scene.convert(mode), "PNG", icc_profile=srgb)
    whole = png(rgb)
    files["crc-header.png"] = whole[:29] + b"\0\0\0\0" + whole[33:]
    files["crc-end.png"] = whole[:-2] + b"\0\0"
    files["no-end.png"] = whole[:-12]
    files["two.png"] = whole + whole
    files["depth-3.png"] = _with_header(whole, 8, b"\3")
    files["colour-7.png"] = _with_header(whole, 9, b"\7")
    files["no-width.png"] = _with_header(whole, 0, bytes(4))
    files["wide.png"] = _with_header(whole, 0, struct.pack(">I", 1 << 30))
    files["taller.png"] = _with_header(whole, 4, struct.pack(">I", 4000))
    files["crushed.png"] = whole[:8] + b"\0\0\0\4CgBI\x50\0\x20\2\x2b\xd5\xb3\x7f" + whole[8:]  # Apple's own kind
    return files


def _with_header(whole: bytes, at: int, value: bytes) -> bytes:
    """A PNG whose header says something else, with the checksum for it."""
    header = whole[12 : 16 + at] + value + whole[16 + at + len(value) : 29]
    return whole[:12] + header + struct.pack(">I", zlib.crc32(header)) + whole[33:]


def _jpeg(scene: Image.Image) -> dict[str, bytes]:
    """Every sampling, inks with and without Adobe's mark, rare processes, pictures after pictures, profiles."""
    rgb = np.ascontiguousarray(np.asarray(scene))
    files = {
        f"sampled-{kind}.jpg": simplejpeg.encode_jpeg(rgb, 85, "RGB", kind)
        for kind in ("444", "422", "420", "440", "411")
    }
    files["gray.jpg"] = simplejpeg.encode_jpeg(np.ascontiguousarray(rgb[..., :1]), 85, "GRAY", "Gray")
    inks = encoded(scene.convert("CMYK"), "JPEG")
    mark = inks.index(b"Adobe")
    files["inks-ycck.jpg"] = inks[: mark + 11] + b"\2" + inks[mark + 12 :]
    files["inks-plain.jpg"] = inks[: mark - 4] + inks[mark + 12 :]
    files["inks-profiled.jpg"] = encoded(scene.convert("CMYK"), "JPEG", icc_profile=b"\0" * 16 + b"CMYK" + bytes(200))
    files["rgb-kept.jpg"] = encoded(scene, "JPEG", keep_rgb=True)
    whole = encoded(scene, "JPEG", quality=90)
    frame = whole.index(b"\xff\xc0")
    for process in (1, 3, 5, 7, 9, 10, 11):
        files[f"process-{process}.jpg"] = whole[: frame + 1] + bytes([0xC0 + process]) + whole[frame + 2 :]
    files["precision-12.jpg"] = whole[: frame + 4] + b"\x0c" + whole[frame + 5 :]
    files["no-height.jpg"] = whole[: frame + 5] + b"\0\0" + whole[frame + 7 :]
    files["restarts.jpg"] = encoded(scene, "JPEG", restart_marker_blocks=3)
    files["scans.jpg"] = encoded(scene, "JPEG", progressive=True, quality=95, subsampling=0)
    files["junk-before.jpg"] = b"\0\0" + whole
    files["two.jpg"] = whole + encoded(quarters(), "JPEG")
    files["filled.jpg"] = whole[:2] + b"\xff" * 7 + whole[2:]
    files["no-end.jpg"] = whole[:-2]
    files["no-tables.jpg"] = whole.replace(b"\xff\xc4", b"\xff\xfe")
    files["stereo.mpo"] = encoded(scene, "MPO", save_all=True, append_images=[quarters(90, 70)])
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for mode in ("L", "RGB", "CMYK"):
        files[f"profiled-{mode}.jpg"] = encoded(scene.convert(mode), "JPEG", icc_profile=srgb)
    turned = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf tiff:Orientation="6"/></x:xmpmeta>'
    files["turned-xmp.jpg"] = encoded(quarters(), "JPEG", xmp=turned)
    for turn in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = turn
        files[f"turned-gray-{turn}.jpg"] = encoded(quarters().convert("L"), "JPEG", exif=exif)
        files[f"turned-inks-{turn}.jpg"] = encoded(quarters().convert("CMYK"), "JPEG", exif=exif)
        files[f"turned-{turn}.heic"] = encoded(quarters(), "HEIF", exif=exif.tobytes())
    return files


def _tiff(scene: Image.Image) -> dict[str, bytes]:
    """Every packing, BigTIFF, pages, white that is zero, directories that lie."""
    files = {}
    for packing in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "tiff_deflate"):
        files[f"packed-{packing}.tif"] = encoded(scene, "TIFF", compression=packing)
    for packing in ("group3", "group4", "tiff_ccitt"):
        files[f"packed-{packing}.tif"] = encoded(scene.convert("1"), "TIFF", compression=packing)
    files["big.tif"] = encoded(scene, "TIFF", big_tiff=True)
    files["page-two-larger.tif"] = encoded(scene, "TIFF", save_all=True, append_images=[scene.resize((300, 200))])
    plain = encoded(scene.convert("L"), "TIFF")
    photometric = plain.index(struct.pack("<HHI", 262, 3, 1))
    files["white-is-zero.tif"] = plain[: photometric + 8] + b"\0\0" + plain[photometric + 10 :]
    files["mask.tif"] = plain[: photometric + 8] + b"\4\0" + plain[photometric + 10 :]
    files["points-at-itself.tif"] = plain[:4] + struct.pack("<I", 4) + plain[8:]
    files["points-behind.tif"] = plain[:4] + struct.pack("<I", 1 << 31) + plain[8:]
    files["no-directory.tif"] = plain[:4] + bytes(4) + plain[8:]
    return files


def _animations(scene: Image.Image) -> dict[str, bytes]:
    """Frames of other palettes and sizes, alpha in them, a first one that is damaged."""
    frames = [scene.resize((60, 40)).quantize(16), quarters(60, 40).quantize(4), scene.resize((60, 40)).quantize(250)]
    files = {"local-palettes.gif": encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], optimize=False)}
    clear = scene.convert("RGBA")
    clear.putalpha(120)
    other = quarters(90, 70).convert("RGBA")
    for fmt in ("GIF", "WEBP", "PNG", "AVIF"):
        files[f"clear-frames.{fmt.lower()}"] = encoded(clear, fmt, save_all=True, append_images=[other])
    files["default-apart.png"] = encoded(
        quarters(90, 70), "PNG", save_all=True, append_images=[scene], default_image=True
    )
    files["half-frames.gif"] = files["local-palettes.gif"][:900]
    files["half-frames.webp"] = files["clear-frames.webp"][:-300]
    files["loops.gif"] = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], loop=0, disposal=2)
    return files


def _others(scene: Image.Image) -> dict[str, bytes]:
    """Formats that are read in rare forms, and formats that are not read."""
    gray16 = Image.fromarray(np.asarray(scene.convert("L")).astype(np.uint16) * 257)
    files = {
        "16-bit.jp2": encoded(gray16, "JPEG2000", irreversible=False),
        "stream.j2k": encoded(scene, "JPEG2000", no_jp2=True),
        "icon.ico": encoded(scene.resize((64, 64)), "ICO"),
        "texture.dds": encoded(scene, "DDS"),
        "x.tga": encoded(scene, "TGA"),
        "x.pcx": encoded(scene, "PCX"),
        "x.sgi": encoded(scene, "SGI"),
        "x.xbm": encoded(scene.convert("1"), "XBM"),
        "x.eps": encoded(scene, "EPS"),
        "x.pdf": encoded(scene, "PDF"),
        "32-bit.bmp": encoded(scene.convert("RGBA"), "BMP"),
        "8-bit.bmp": encoded(scene.quantize(200), "BMP"),
        "gray.bmp": encoded(scene.convert("L"), "BMP"),
        "1-bit.bmp": encoded(scene.convert("1"), "BMP"),
        "lossy-alpha.webp": encoded(scene.convert("RGBA"), "WEBP", quality=60),
        "alpha.avif": encoded(scene.convert("RGBA"), "AVIF"),
        "sampled-444.avif": encoded(scene, "AVIF", subsampling="4:4:4"),
        "alpha.heic": encoded(scene.convert("RGBA"), "HEIF"),
        "two.heic": encoded(scene, "HEIF", save_all=True, append_images=[quarters(90, 70)]),
    }
    upside = bytearray(files["32-bit.bmp"])
    struct.pack_into("<i", upside, 22, -70)
    files["from-the-top.bmp"] = bytes(upside)
    deep = pillow_heif.from_bytes("RGB;16", (32, 32), np.full((32, 32, 3), 30_000, np.uint16).tobytes())
    out = io.BytesIO()
    deep.save(out, quality=-1)
    files["ten-bit.heic"] = out.getvalue()
    for name in ("alpha.avif", "ten-bit.heic", "32-bit.bmp", "lossy-alpha.webp"):
        files[f"half-{name}"] = files[name][: len(files[name]) // 2]
    return files


def _names(scene: Image.Image) -> dict[str, bytes]:
    """Names that lie, and names that a table or a shell would stumble over."""
    jpeg, whole = encoded(scene, "JPEG"), encoded(scene, "TIFF")
    return {
        "photo.png": jpeg, "photo.NEF": jpeg, "photo.Dng": whole, "photo.cr2": whole, "no suffix": jpeg,
        "=1+1.jpg": jpeg, "a,b.jpg": jpeg, 'a"b.jpg': jpeg, "-dash.jpg": jpeg, "ümläut.jpg": jpeg, ".hidden.jpg": jpeg,
    }  # fmt: skip
