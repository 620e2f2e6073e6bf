"""What a file is by its first bytes, and whether its end is missing: never by its name, and without a decoder.

The formats that are read are the ones named in `READ`. Everything else that people put among their photos gets a
plain name, so that the message can say what the file is and what to do with it.
"""

from __future__ import annotations

from sightline.data.decoding import tiff

READ = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "HEIF", "AVIF", "PPM")
HEADER_BYTES = 1024
"""How much of a file `kind` wants to see."""

_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_AVIF_BRANDS = {b"avif", b"avis"}
_EXPORT = "export it as JPEG or PNG"
_OTHER: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"8BPS", "a Photoshop document"),
    (b"gimp xcf", "a GIMP document"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"FUJIFILMCCD-RAW", "a camera's raw file"),
    (b"IIRO", "a camera's raw file"),
    (b"IIRS", "a camera's raw file"),
    (b"MMOR", "a camera's raw file"),
    (b"IIU\x00", "a camera's raw file"),
    (b"FOVb", "a camera's raw file"),
    (b"v/1\x01", "OpenEXR"),
    (b"#?RADIANCE", "a Radiance HDR picture"),
    (b"DDS ", "a DirectDraw texture"),
    (b"\x00\x00\x01\x00", "a Windows icon"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"\x00\x00\x01\xba", "a video"),
    (b"CDF\x01", "NetCDF data"),
    (b"\x89HDF", "HDF5 data"),
    (b"SIMPLE  =", "a FITS picture"),
)
_NOT_IMAGES: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive (or an Office document)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"PAR1", "a Parquet table"),
    (b"SQLite format 3", "an SQLite database"),
    (b"version https://git-lfs", "a Git LFS pointer: run `git lfs pull` in the repository it came from"),
)


def kind(header: bytes) -> tuple[str, str]:
    """What a file is, from its first `HEADER_BYTES` bytes.

    Returns:
        (format, "") for a format of `READ`; ("unsupported", what it is) for another kind of picture, document or
        video; ("not-an-image", what it is, as far as one can tell) for the rest.
    """
    if header.startswith(b"\xff\xd8\xff"):
        return "JPEG", ""
    if header.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG", ""
    if header[:4] == b"RIFF":
        return ("WEBP", "") if header[8:12] == b"WEBP" else ("unsupported", "a sound or video file")
    if header[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF", ""
    if header[:4] in (b"II*\x00", b"MM\x00*", b"MM*\x00", b"II\x00*", b"II+\x00", b"MM\x00+"):
        if header[8:10] == b"CR":
            return "unsupported", f"a camera's raw file: {_EXPORT}"
        return "TIFF", ""
    if header[4:8] == b"ftyp":
        return _boxed(header)
    for start, name in _OTHER:
        if header.startswith(start):
            return "unsupported", f"{name}: {_EXPORT}"
    if header[128:132] == b"DICM":
        return "unsupported", f"DICOM: {_EXPORT}"
    # Two letters could be the start of any text, so these two look a little further.
    if header[:2] == b"BM" and header[6:10] == b"\x00\x00\x00\x00":
        return "BMP", ""
    if header[:1] == b"P" and header[1:2] in b"123456" and header[2:3] in b" \t\r\n":
        return "PPM", ""
    for start, name in _NOT_IMAGES:
        if header.startswith(start):
            return "not-an-image", name
    return _text(header)


def _boxed(header: bytes) -> tuple[str, str]:
    """HEIF and its relatives share a container; the brands after `ftyp` tell them apart."""
    size = int.from_bytes(header[:4], "big")
    box = header[8 : min(max(size, 12), len(header))]
    brands = {box[start : start + 4] for start in range(0, len(box), 4)}
    if brands & _AVIF_BRANDS:
        return "AVIF", ""
    if brands & _HEIF_BRANDS:
        return "HEIF", ""
    if box[:4] == b"crx ":
        return "unsupported", f"a camera's raw file: {_EXPORT}"
    if box[:4] in (b"mif1", b"msf1"):
        return "HEIF", ""
    return "unsupported", f"a video: {_EXPORT}"


def _text(header: bytes) -> tuple[str, str]:
    start = header.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"<svg") or (start.startswith((b"<?xml", b"<!--", b"<!doctype svg")) and b"<svg" in start):
        return "unsupported", f"an SVG drawing: {_EXPORT}"
    if start.startswith((b"<!doctype html", b"<html", b"<head")) or b"<html" in start:
        return "not-an-image", "a web page, as a failed download leaves behind"
    if header and not header.strip(b"\x00"):
        return "not-an-image", "nothing but zero bytes, as a broken copy leaves behind"
    if header and not header.translate(None, bytes(range(32, 127)) + b"\t\r\n"):
        return "not-an-image", "a text file"
    return "not-an-image", "it does not begin like any picture"


def cut_short(data: bytes, fmt: str) -> bool:
    """Whether the end of a picture of format `fmt` is missing, as far as its structure says."""
    if fmt == "JPEG":
        return b"\xff\xd9" not in data[-4096:]
    if fmt == "PNG":
        return b"IEND" not in data[-4096:]
    if fmt == "GIF":
        return not data.rstrip(b"\x00").endswith(b";")
    if fmt == "WEBP":
        return len(data) < int.from_bytes(data[4:8], "little") + 8
    if fmt == "BMP":
        return len(data) < int.from_bytes(data[2:6], "little")
    if fmt in ("HEIF", "AVIF"):
        return _boxes_cut_short(data)
    if fmt == "TIFF":
        return tiff.cut_short(data)
    return False  # a PPM does not say how long it is; its decoder notices


def _boxes_cut_short(data: bytes) -> bool:
    position = 0
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        if size == 1:
            size = int.from_bytes(data[position + 8 : position + 16], "big")
        if size == 0:
            return False  # this box goes on to the end of the file
        if size < 8:
            return False  # not a box at all: corrupt, not cut
        position += size
    return position > len(data)
