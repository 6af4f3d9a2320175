"""Reads a picture's header before decoding: its demands on a decoder, and the bytes that the decoder gets."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from alive402.liveness.errors import UndecodableImage, UnsupportedImage
from alive402.liveness.media import heif

IMAGE_HEAD_BYTES = 32
_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
MOVES = "The picture moves. Send a single one."
# Most segments or chunks; a carefully written picture of the largest accepted size has a few thousand.
_MOST_PIECES = 20_000

# Baseline to arithmetic-coded frames; the three excluded markers are tables in the same range.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
_JPEG_SCAN, _JPEG_END = 0xDA, 0xD9
# Never 0xFF 0x00: a decoder treats it as pixels and scans on for a marker, while a length would jump past it.
_JPEG_MARKER = re.compile(rb"\xff+([\x01-\xfe])")
_JPEG_AFTER_PIXELS = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")

# Chunks that pixels need; a decoder would unpack text, profiles and animation, up to 8 MB each.
_PNG_PIXELS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND"})
_PNG_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Largest expansion of a byte by deflate.
_DEFLATE_MOST = 1032
_SLICE, _UNPACKED = 2**16, 2**20

_WEBP_ANIMATED = 0x02


@dataclass(frozen=True, slots=True)
class Header:
    """The facts in a picture's header.

    Attributes:
        width: as stored, px.
        height: as stored, px.
        data: what the decoder is given.
        colours: samples a px, where a decoder keeps them side by side.
        passes: how often a decoder goes over the whole picture.
    """

    width: int
    height: int
    data: bytes
    colours: int = 3
    passes: int = 1


def format_of(head: bytes) -> str | None:
    """The format, `jpeg`, `png`, `webp`, `bmp` or `heif` from a file's first `IMAGE_HEAD_BYTES`, or None."""
    if head.startswith(_JPEG):
        return "jpeg"
    if head.startswith(_PNG):
        return "png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    # Two letters alone would make a bitmap of many texts; the size of the next header is one of six.
    if head[:2] == b"BM" and head[14:18] in {struct.pack("<I", size) for size in (12, 40, 52, 56, 108, 124)}:
        return "bmp"
    if heif.is_still(head):
        return "heif"
    return None


def header_of(kind: str, data: bytes) -> Header:
    """Reads the header of a picture of the format `kind`, which is not `heif`; nothing is decoded.

    Raises:
        UnsupportedImage: it moves.
        UndecodableImage: it has no header that can be read, or brings more than its pixels need.
    """
    try:
        header = {"jpeg": _jpeg, "png": _png, "webp": _webp, "bmp": _bmp}[kind](data)
    except (struct.error, IndexError):
        raise UndecodableImage from None
    if header.width < 1 or header.height < 1:
        raise UndecodableImage
    return header


def _jpeg(data: bytes) -> Header:
    """Walks the segments by their lengths, as a decoder does; the first frame header counts."""
    place, passes = 2, 0
    size: tuple[int, int, int] | None = None
    for _ in range(_MOST_PIECES):
        found = _JPEG_MARKER.match(data, place)
        if found is None or found[1][0] == _JPEG_END or found.end() + 2 > len(data):
            break
        place, marker = found.end(), found[1][0]
        if marker in _JPEG_BARE:
            continue
        (length,) = struct.unpack_from(">H", data, place)
        if length < 2:
            raise UndecodableImage
        if marker in _JPEG_FRAMES and size is None:
            size = struct.unpack_from(">HHB", data, place + 3)
        place += length
        if marker == _JPEG_SCAN:
            passes += 1
            following = _JPEG_AFTER_PIXELS.search(data, place)
            place = following.start() if following else len(data)
    else:
        raise UndecodableImage
    if size is None or not passes:
        raise UndecodableImage
    height, width, colours = size
    return Header(width, height, data, colours, passes)


def _png(data: bytes) -> Header:
    """Reads the size, and the file without the chunks that its pixels do not need."""
    if data[12:16] != b"IHDR":
        raise UndecodableImage
    width, height, bits, colour, _, _, _ = struct.unpack_from(">IIBBBBB", data, 16)
    view, kept, pixels = memoryview(data), [memoryview(_PNG)], []
    place = len(_PNG)
    for _ in range(_MOST_PIECES):
        length, kind = struct.unpack_from(">I4s", data, place)
        start, end = place, place + 12 + length
        # A decoder would allocate memory for a chunk before it notices that the file ends inside it.
        if end > len(data) or (kind == b"IHDR") != (start == len(_PNG)):
            raise UndecodableImage
        if kind == b"acTL":
            raise UnsupportedImage(MOVES)
        if kind in _PNG_PIXELS:
            kept.append(view[start:end])
        if kind == b"IDAT":
            pixels.append(view[start + 8 : end - 4])
        place = end
        if kind == b"IEND" or place == len(data):
            break
    else:
        raise UndecodableImage
    # Twice the size of all rows, because they may be interlaced.
    most = 2 * height * (1 + (width * bits * _PNG_SAMPLES.get(colour, 4) + 7) // 8) + _UNPACKED
    if _unpacks_to_more(pixels, most):
        raise UndecodableImage
    return Header(width, height, b"".join(kept))


def _unpacks_to_more(pieces: Iterable[memoryview], most: int) -> bool:
    """Whether deflated pieces expand to more than `most` bytes: a decoder would unpack them to their end."""
    pieces = list(pieces)
    if sum(map(len, pieces)) * _DEFLATE_MOST <= most:
        return False
    unpacker, unpacked = zlib.decompressobj(), 0
    try:
        for piece in pieces:
            for start in range(0, len(piece), _SLICE):
                packed: bytes | memoryview = piece[start : start + _SLICE]
                while packed and not unpacker.eof:
                    unpacked += len(unpacker.decompress(packed, _UNPACKED))
                    packed = unpacker.unconsumed_tail
                    if unpacked > most:
                        return True
    except zlib.error:  # Other defects are left to the decoder to report.
        pass
    return False


def _webp(data: bytes) -> Header:
    match data[12:16]:
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", data, 26)
            return Header(width & 0x3FFF, height & 0x3FFF, data)
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", data, 21)
            return Header((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, data)
        case b"VP8X":
            if data[20] & _WEBP_ANIMATED:
                raise UnsupportedImage(MOVES)
            width, height = (int.from_bytes(data[place : place + 3], "little") + 1 for place in (24, 27))
            return Header(width, height, data)
    raise UndecodableImage


def _bmp(data: bytes) -> Header:
    old = data[14:18] == struct.pack("<I", 12)
    width, height = struct.unpack_from("<HH" if old else "<ii", data, 18)
    # A negative height means that the rows run from the top.
    return Header(width, abs(height), data)
