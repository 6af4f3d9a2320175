"""A stranger's picture becomes upright pixels: known by its first bytes, measured before it is decoded."""

from __future__ import annotations

import hashlib
import stat
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.errors import ImageTooLarge, UndecodableImage, UnsupportedImage

Pixels = npt.NDArray[np.uint8]

HEAD_BYTES = 32
_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
# Baseline to arithmetic-coded frames; the three left out are tables that share the range.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
_WEBP_ANIMATED = 0x02


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What a picture may ask of the machine; all is known before it is decoded."""

    max_bytes: int = 10_000_000
    max_pixels: int = 25_000_000
    min_side: int = 64


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture.

    Attributes:
        pixels: (height, width, 3) uint8 BGR, turned as its EXIF orientation asks.
        sha256: of the file.
        format: `jpeg`, `png`, `webp` or `bmp`.
    """

    pixels: Pixels
    sha256: str
    format: str


def format_of(head: bytes) -> str | None:
    """`jpeg`, `png`, `webp` or `bmp` by a file's first `HEAD_BYTES`; None for anything else."""
    if head.startswith(_JPEG):
        return "jpeg"
    if head.startswith(_PNG):
        return "png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    # Two letters alone would make a bitmap of many a text; the size of the next header is one of six.
    if head[:2] == b"BM" and head[14:18] in {struct.pack("<I", size) for size in (12, 40, 52, 56, 108, 124)}:
        return "bmp"
    return None


def is_image(path: str | Path) -> bool:
    """Whether the file begins as one of the pictures that are judged; False for what cannot be read."""
    path = Path(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        with path.open("rb") as file:
            return format_of(file.read(HEAD_BYTES)) is not None
    except OSError:
        return False


def read(path: Path, limits: ImageLimits = ImageLimits()) -> Picture:
    """The picture in a file.

    Raises:
        UnsupportedImage: not JPEG, PNG, WebP or BMP, or it moves.
        ImageTooLarge: over `limits`; nothing was decoded.
        UndecodableImage: too small, or its pixels cannot be read.
        OSError: the file cannot be opened.
    """
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe would wait for ever, a device never end
        raise UnsupportedImage("This is not a file. Give a picture file.")
    with path.open("rb") as file:
        data = _all(file, limits)
    kind = format_of(data[:HEAD_BYTES])
    if kind is None:
        raise UnsupportedImage
    width, height = _size(kind, data)
    if width * height > limits.max_pixels:
        raise ImageTooLarge(
            f"The picture has {width} x {height} pixels; at most {limits.max_pixels / 1e6:.0f} million are accepted.",
            width=width,
            height=height,
        )
    if min(width, height) < limits.min_side:
        raise UndecodableImage(
            f"The picture has {width} x {height} pixels; at least {limits.min_side} a side are needed.",
            width=width,
            height=height,
        )
    return Picture(_decoded(data, {width, height}), hashlib.sha256(data).hexdigest(), kind)


def _all(file: BinaryIO, limits: ImageLimits) -> bytes:
    data = file.read(limits.max_bytes + 1)
    if len(data) > limits.max_bytes:
        raise ImageTooLarge(
            f"The picture has more than {limits.max_bytes / 1e6:.0f} MB. Send a smaller one.",
            max_bytes=limits.max_bytes,
        )
    return data


def _decoded(data: bytes, sides: set[int]) -> Pixels:
    try:
        found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except (cv2.error, MemoryError):
        raise UndecodableImage from None
    # A decoder that sees another size than we do was shown something that we did not weigh.
    if found is None or found.ndim != 3 or set(found.shape[:2]) != sides:
        raise UndecodableImage
    return np.asarray(found, np.uint8)


def _size(kind: str, data: bytes) -> tuple[int, int]:
    """Stored width and height, as the header states them."""
    try:
        width, height = {"jpeg": _jpeg, "png": _png, "webp": _webp, "bmp": _bmp}[kind](data)
    except (struct.error, IndexError):
        raise UndecodableImage from None
    if width < 1 or height < 1:
        raise UndecodableImage
    return width, height


def _png(data: bytes) -> tuple[int, int]:
    if data[12:16] != b"IHDR":
        raise UndecodableImage
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _bmp(data: bytes) -> tuple[int, int]:
    old = data[14:18] == struct.pack("<I", 12)
    width, height = struct.unpack_from("<HH" if old else "<ii", data, 18)
    # A negative height says that the rows run from the top.
    return width, abs(height)


def _webp(data: bytes) -> tuple[int, int]:
    match data[12:16]:
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", data, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", data, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            if data[20] & _WEBP_ANIMATED:
                raise UnsupportedImage("The picture moves. Send a single one.")
            return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    raise UndecodableImage


def _jpeg(data: bytes) -> tuple[int, int]:
    """From the first frame header, found by the segments' lengths, as a decoder finds it."""
    place = 2
    while data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # fill bytes before a marker
            place += 1
        elif marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        elif marker in _JPEG_BARE:
            place += 2
        elif marker in (0xD9, 0xDA):  # the end, or pixels without a header
            break
        else:
            place += 2 + struct.unpack_from(">H", data, place + 2)[0]
    raise UndecodableImage
