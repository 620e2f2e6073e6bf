"""A PNG's chunks: the picture is kept, what is said beside it costs nothing and turns it where it should."""

import zlib

import numpy as np
import pytest
from PIL import Image

from pictures import assert_quarters, encoded, fails, quarters
from sightline.data.decoding import png
from sightline.data.decoding.decode import Undecodable, decode
from sightline.data.decoding.quarantine import square_guarded
from traps import chunk, crowded_exif, with_chunks

PLAIN = encoded(quarters(), "PNG")
BOMB = zlib.compress(b"a" * 20_000_000)

METADATA = {
    "text of 20 MB": chunk(b"zTXt", b"Comment\0\0" + BOMB),
    "international text of 20 MB": chunk(b"iTXt", b"Comment\0\1\0en\0\0" + BOMB),
    "plain text of 2 MB": chunk(b"tEXt", b"Comment\0" + b"a" * 2_000_000),
    "text packed in an unknown way": chunk(b"zTXt", b"Comment\0\7abc"),
    "profile packed in an unknown way": chunk(b"iCCP", b"name\0\7abc"),
    "profile of 20 MB": chunk(b"iCCP", b"name\0\0" + BOMB),
    "profile without a name's end": chunk(b"iCCP", b"name"),
    "empty profile": chunk(b"iCCP", b""),
    "gamma cut short": chunk(b"gAMA", b"\0"),
    "pixel size cut short": chunk(b"pHYs", b"\0"),
    "colours cut short": chunk(b"cHRM", b"\0\0"),
    "rendering cut short": chunk(b"sRGB", b""),
    "a wrong checksum": chunk(b"tIME", b"\7\xea\1\1\0\0\0", crc=1),
    "a private chunk": chunk(b"prVt", b"\xff" * 100),
    "an animation of one": chunk(b"acTL", b"\0\0\0\1\0\0\0\0"),
    "an animation cut short": chunk(b"acTL", b"\0"),
    "a frame that does not fit": chunk(b"fcTL", b"\0" * 4 + b"\0\xff" * 11),
    "a key of transparency cut short": chunk(b"tRNS", b"\0"),
    "a key of transparency for a palette": chunk(b"tRNS", b"\0" * 200),
    "EXIF with crowded tags": chunk(b"eXIf", crowded_exif(60_000, 1_000_000)[:-1_000_000]),
}


@pytest.mark.parametrize("name", METADATA)
@pytest.mark.parametrize("after", [b"IHDR", b"IDAT"])
def test_what_is_not_used_costs_no_photo(name, after):
    found = decode(with_chunks(PLAIN, METADATA[name], after=after))
    assert (np.asarray(found.image) == np.asarray(decode(PLAIN).image)).all()
    assert found.notes == ()


def test_a_hundred_megabytes_of_text_are_passed_over():
    data = with_chunks(PLAIN, *[METADATA["text of 20 MB"]] * 50)
    assert_quarters(decode(data).image)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_the_picture_itself_is_kept(mode):
    deep = Image.fromarray(np.asarray(quarters().convert("L")).astype(np.uint16) * 257)
    image = deep if mode == "I;16" else quarters().convert(mode)
    data = encoded(image, "PNG", **({"transparency": 3} if mode == "P" else {}))
    with_text = with_chunks(data, METADATA["text of 20 MB"])
    assert (np.asarray(decode(with_text).image) == np.asarray(decode(data).image)).all()
    assert decode(with_text).notes == decode(data).notes


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparency_that_is_said_twice_costs_no_photo(mode):
    data = encoded(quarters().convert(mode), "PNG")
    found = decode(with_chunks(data, chunk(b"tRNS", b"\0\1"), after=b"IHDR"))
    assert (np.asarray(found.image) == np.asarray(decode(data).image)).all()


def test_a_million_pieces_are_refused():
    assert "pieces" in fails(with_chunks(PLAIN, chunk(b"IDAT", b"") * 150_000), "corrupt")


def test_only_the_first_frame_counts():
    others = [Image.new("RGB", (96, 64), shade) for shade in ("black", "yellow")]
    data = encoded(quarters(), "PNG", save_all=True, append_images=others)
    second = data.index(b"fdAT")
    broken = data[: second + 8] + b"\xff" * 20 + data[second + 28 :]
    for content in (data, broken):
        found = decode(content)
        assert found.notes == ("animated: first frame",)
        assert_quarters(found.image)


def _profile(packed: bytes) -> bytes:
    return b"\nexif\n%8d\n" % len(packed) + packed.hex().encode()


ORIENTED = {
    "eXIf": chunk(b"eXIf", crowded_exif(1, 4)),
    "zTXt of ImageMagick": chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(_profile(crowded_exif(1, 4)))),
    "tEXt": chunk(b"tEXt", b"Raw profile type exif\0" + _profile(b"Exif\0\0" + crowded_exif(1, 4))),
    "XMP": chunk(b"iTXt", b'XML:com.adobe.xmp\0\0\0\0\0<rdf tiff:Orientation="6"/>'),
    "packed XMP": chunk(
        b"iTXt",
        b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"<tiff:Orientation>6</tiff:Orientation>"),
    ),
}


@pytest.mark.parametrize("name", ORIENTED)
@pytest.mark.parametrize("after", [b"IHDR", b"IDAT"])
def test_turned_by_whatever_says_so(name, after):
    stored = encoded(quarters().transpose(Image.Transpose.ROTATE_90), "PNG")
    found = decode(with_chunks(stored, ORIENTED[name], after=after))
    assert found.notes == ("exif-rotated",)
    assert_quarters(found.image)


def test_text_that_cannot_be_unpacked_turns_nothing():
    for body in (b"Raw profile type exif\0\0abc", b"Raw profile type exif\0\0" + zlib.compress(b"a\nb\nc\nnot hex")):
        assert png.essential(with_chunks(PLAIN, chunk(b"zTXt", body))).orientation == 1


@pytest.mark.parametrize("length", range(14))
@pytest.mark.parametrize("rest", [b"", chunk(b"IEND", b"")])
def test_a_header_cut_short_is_refused(length, rest):
    """Found in review: a header of fewer than ten bytes at the end of a file was read beyond it."""
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(range(length))) + rest
    assert png.essential(data).width == int.from_bytes(bytes(range(min(length, 4))), "big")
    with pytest.raises(Undecodable):
        square_guarded(data, 32)
    with pytest.raises(Undecodable):
        decode(data)
