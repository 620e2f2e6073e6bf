"""Uploads that mean harm, or come out of broken cameras: 25 kinds, any number of variants of each."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image, PngImagePlugin

Kind = Callable[[random.Random], tuple[str, bytes]]
KINDS: dict[str, Kind] = {}


def kind(make: Kind) -> Kind:
    KINDS[make.__name__] = make
    return make


def uploads(variants: int) -> Iterator[tuple[str, int, str, bytes]]:
    """(kind, variant, file name, content)."""
    for name, make in KINDS.items():
        for variant in range(variants):
            file, content = make(random.Random(f"{name} {variant}"))
            yield name, variant, file, content


def _picture(rng: random.Random, mode: str = "RGB", size: tuple[int, int] | None = None) -> Image.Image:
    width, height = size or (rng.randint(20, 400), rng.randint(20, 400))
    pixels = np.random.default_rng(rng.randrange(2**32)).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels).convert(mode)


def _file(image: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + b"".join(chunks) + _chunk(b"IEND", b"")


@kind
def pixel_bomb(rng: random.Random) -> tuple[str, bytes]:
    side = rng.choice((30_000, 60_000, 65_500))
    row = zlib.compress(bytes(1_000_000))
    return "bomb.png", _png(side, side, _chunk(b"IDAT", row * 20))


@kind
def deflate_bomb(rng: random.Random) -> tuple[str, bytes]:
    return "bomb.png", _png(64, 64, _chunk(b"IDAT", zlib.compress(bytes(rng.randint(50, 200) * 1_000_000), 9)))


@kind
def text_bomb(rng: random.Random) -> tuple[str, bytes]:
    text = b"Comment\0\0" + zlib.compress(bytes(100_000_000), 9)
    return "text.png", _png(
        8, 8, *[_chunk(b"zTXt", text)] * rng.randint(1, 30), _chunk(b"IDAT", zlib.compress(bytes(200)))
    )


@kind
def profile_bomb(rng: random.Random) -> tuple[str, bytes]:
    profile = b"icc\0\0" + zlib.compress(bytes(rng.randint(20, 120) * 1_000_000), 9)
    return "icc.png", _png(8, 8, _chunk(b"iCCP", profile), _chunk(b"IDAT", zlib.compress(bytes(200))))


@kind
def truncated(rng: random.Random) -> tuple[str, bytes]:
    content = _file(_picture(rng), rng.choice(("JPEG", "PNG", "WEBP")))
    return "cut.jpg", content[: rng.randint(1, len(content) - 1)]


@kind
def flipped_bytes(rng: random.Random) -> tuple[str, bytes]:
    content = bytearray(_file(_picture(rng), rng.choice(("JPEG", "PNG", "WEBP"))))
    for _ in range(rng.randint(1, 60)):
        content[rng.randrange(12, len(content))] = rng.randrange(256)
    return "bent.jpg", bytes(content)


@kind
def lying_header(rng: random.Random) -> tuple[str, bytes]:
    content = bytearray(_file(_picture(rng, size=(64, 64))))
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = struct.pack(">HH", rng.choice((1, 9000, 65_535)), rng.choice((1, 9000, 65_535)))
    return "liar.jpg", bytes(content)


@kind
def wrong_name(rng: random.Random) -> tuple[str, bytes]:
    return rng.choice(("a.exe", "a.html", "a.gif", "a")), _file(_picture(rng), rng.choice(("JPEG", "PNG", "WEBP")))


@kind
def odd_name(rng: random.Random) -> tuple[str, bytes]:
    names = (
        *("../../etc/passwd", "..\\..\\win.ini", "a\x00b.jpg", "x" * 3000 + ".jpg", "<script>alert(1)</script>.jpg"),
        *("=cmd|' /C calc'!A0.jpg", "\u202egpj.exe", "', DROP TABLE uploads; --.jpg", ".", "", " ", "CON.jpg"),
        *("\N{PILE OF POO}.png", "a\r\nSet-Cookie: x=1.jpg", "%2e%2e%2f.jpg", "\udcff.jpg"),
    )
    return rng.choice(names), _file(_picture(rng))


@kind
def svg_with_script(rng: random.Random) -> tuple[str, bytes]:
    return "a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>' + b" " * rng.randint(
        0, 999
    )


@kind
def html_as_photo(rng: random.Random) -> tuple[str, bytes]:
    return "a.jpg", b"<!doctype html><script>fetch('/account/')</script>" * rng.randint(1, 99)


@kind
def polyglot(rng: random.Random) -> tuple[str, bytes]:
    tail = rng.choice((b"PK\x03\x04" + bytes(200), b"<script>alert(1)</script>", b"%PDF-1.7", b"GIF89a" + bytes(99)))
    return "both.jpg", _file(_picture(rng), rng.choice(("JPEG", "PNG"))) + tail * rng.randint(1, 50)


@kind
def script_in_comment(rng: random.Random) -> tuple[str, bytes]:
    return "said.jpg", _file(_picture(rng), comment=b"<?php system($_GET['c']); ?>" * rng.randint(1, 50))


@kind
def other_formats(rng: random.Random) -> tuple[str, bytes]:
    form = rng.choice(("GIF", "BMP", "TIFF", "PPM", "ICO", "TGA"))
    return f"a.{form.lower()}", _file(_picture(rng), form)


@kind
def animated(rng: random.Random) -> tuple[str, bytes]:
    frames = [_picture(rng, size=(64, 64)) for _ in range(rng.randint(2, 12))]
    form = rng.choice(("WEBP", "PNG"))
    return "moves.webp", _file(frames[0], form, save_all=True, append_images=frames[1:], duration=50)


@kind
def sixteen_bit(rng: random.Random) -> tuple[str, bytes]:
    values = np.random.default_rng(rng.randrange(99)).integers(0, 65_536, (60, 80), np.uint16)
    return "deep.png", _file(Image.fromarray(values), "PNG")


@kind
def cmyk(rng: random.Random) -> tuple[str, bytes]:
    return "print.jpg", _file(_picture(rng, "CMYK"))


@kind
def odd_modes(rng: random.Random) -> tuple[str, bytes]:
    return "odd.png", _file(_picture(rng, rng.choice(("1", "L", "P", "LA", "RGBA"))), "PNG")


@kind
def exif_turned(rng: random.Random) -> tuple[str, bytes]:
    exif = Image.Exif()
    exif[0x0112] = rng.randint(0, 9)
    return "turned.jpg", _file(_picture(rng), exif=exif)


@kind
def broken_exif(rng: random.Random) -> tuple[str, bytes]:
    return "exif.jpg", _file(
        _picture(rng), exif=b"Exif\0\0" + rng.choice((b"II*\0", b"MM\0*")) + rng.randbytes(rng.randint(0, 3000))
    )


@kind
def one_pixel(rng: random.Random) -> tuple[str, bytes]:
    return "dot.png", _file(_picture(rng, size=rng.choice(((1, 1), (1, 3000), (3000, 1), (2, 2)))), "PNG")


@kind
def empty_or_tiny(rng: random.Random) -> tuple[str, bytes]:
    return "none.jpg", rng.choice((b"", b"\xff", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP"))


@kind
def noise(rng: random.Random) -> tuple[str, bytes]:
    start = rng.choice((b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\xff\xff\xff\x7fWEBPVP8 "))
    return "noise.jpg", start + rng.randbytes(rng.randint(1, 200_000))


@kind
def too_many_bytes(rng: random.Random) -> tuple[str, bytes]:
    return "long.jpg", _file(_picture(rng, size=(32, 32))) + bytes(20_000_001 + rng.randint(0, 1_000_000))


@kind
def hundred_thousand_chunks(rng: random.Random) -> tuple[str, bytes]:
    chunk = _chunk(b"tEXt", b"a\0b") * rng.choice((1000, 30_000, 100_000))
    info = PngImagePlugin.PngInfo()
    info.add_text("a", "b" * 1000)
    return "chunks.png", _png(8, 8, chunk, _chunk(b"IDAT", zlib.compress(bytes(200))))


assert len(KINDS) == 25
