"""Builds PNG, JPEG, WebP and BMP files without a face part by part, so that each part can be false."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable

PNG = b"\x89PNG\r\n\x1a\n"
# Huffman tables with one code each, a single 0 bit. Of DC: no difference; of AC: the block ends, or 16,384 blocks do.
_DC, _AC, _RUN = (bytes([place, 1, *bytes(15), symbol]) for place, symbol in ((0x00, 0), (0x10, 0), (0x11, 0xE0)))


def chunk(kind: bytes, body: bytes = b"", crc: int | None = None) -> bytes:
    """One chunk of a PNG."""
    crc = zlib.crc32(kind + body) if crc is None else crc
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)


def header(width: int, height: int, bits: int = 8, colour: int = 0, interlaced: int = 0) -> bytes:
    """The IHDR chunk; `colour` 0 is grey, 2 RGB, 3 a palette, 6 RGB with alpha."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced))


def rows(width: int, height: int, bits: int = 8) -> bytes:
    """Black pixels of so many bits, packed."""
    packer = zlib.compressobj(9)
    line = bytes(1 + (width * bits + 7) // 8)
    return b"".join(packer.compress(line) for _ in range(height)) + packer.flush()


def endless(megabytes: int) -> bytes:
    """Zeros, deflated to a thousandth, without an end."""
    packer = zlib.compressobj(9, wbits=-15)
    return b"\x78\xda" + (packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)) * megabytes


def png(*chunks: bytes) -> bytes:
    """A PNG of these chunks, with its signature and end."""
    return PNG + b"".join(chunks) + chunk(b"IEND")


def plain_png(width: int = 128, height: int = 128, before: bytes = b"") -> bytes:
    """A whole black PNG; `before` precedes its pixels."""
    return png(header(width, height), before, chunk(b"IDAT", rows(width, height)))


def segment(marker: int, body: bytes) -> bytes:
    """One segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def frame(
    width: int = 128, height: int = 128, marker: int = 0xC0, parts: int = 3, bits: int = 8, sampled: int = 0x11
) -> bytes:
    """The header that tells a JPEG's size; 0xC0 is baseline, 0xC2 progressive."""
    told = b"".join(bytes([part + 1, sampled, 0]) for part in range(parts))
    return segment(marker, struct.pack(">BHHB", bits, height, width, parts) + told)


def tables() -> bytes:
    """One table of quantisation and three of Huffman codes."""
    return segment(0xDB, bytes([0]) + bytes([1] * 64)) + segment(0xC4, _DC + _AC + _RUN)


def scan(parts: Iterable[int] = (0, 1, 2), band: tuple[int, int] = (0, 63), bits: int = 0, data: bytes = b"") -> bytes:
    """One pass over the picture; without `data`, decoders take it for zeros."""
    parts = list(parts)
    table = 0x00 if band[0] == 0 else 0x01
    told = bytes([len(parts)]) + b"".join(bytes([part + 1, table]) for part in parts)
    return segment(0xDA, told + bytes([*band, bits])) + data


def jpeg(*pieces: bytes) -> bytes:
    """A JPEG of these segments, with its start and end."""
    return b"\xff\xd8" + b"".join(pieces) + b"\xff\xd9"


def plain_jpeg(width: int = 128, height: int = 128, before: bytes = b"", marker: int = 0xC0, parts: int = 3) -> bytes:
    """A whole grey JPEG; `before` follows its start."""
    blocks = -(-width // 8) * -(-height // 8) * parts
    flat = scan(range(parts), data=bytes(-(-blocks * 2 // 8)))
    return jpeg(before, tables(), frame(width, height, marker, parts), flat)


def passes(width: int, height: int, count: int) -> bytes:
    """A progressive JPEG with many scans of the same picture."""
    begin = scan(band=(0, 0))
    return jpeg(tables(), frame(width, height, 0xC2), begin, scan((0,), (1, 63)) * count)


def exif(*entries: tuple[int, int, int, int], count: int | None = None, following: int = 0, tail: bytes = b"") -> bytes:
    """A JPEG's EXIF of one directory: (tag, type, count, value) each. `count` and `following` may be false."""
    told = b"".join(struct.pack(">HHII", *entry) for entry in entries)
    directory = struct.pack(">H", len(entries) if count is None else count) + told + struct.pack(">I", following)
    return segment(0xE1, b"Exif\0\0MM\0\x2a\0\0\0\x08" + directory + tail)


def webp(*chunks: bytes) -> bytes:
    """A WebP of these chunks."""
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def riff(kind: bytes, body: bytes) -> bytes:
    """One chunk of a WebP."""
    return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def canvas(width: int, height: int, flags: int = 0) -> bytes:
    """The chunk of an extended WebP with its size; the flag 2 means animation."""
    return riff(
        b"VP8X", struct.pack("<I", flags) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    )


def lossless(width: int, height: int, groups: int = 1) -> bytes:
    """A WebP's lossless picture, black; each of up to 65,536 `groups` is a set of five codes that a decoder builds."""
    bits: list[str] = [f"{width - 1:014b}"[::-1], f"{height - 1:014b}"[::-1], "0000", "0", "0"]
    one = "1000" * 5
    if groups == 1:
        bits += ["0", one]
    else:
        # A picture of 4 x 4 blocks tells which set is whose, in 8 bits of red and 8 of green, each by a full code.
        told = {0: 1, 8: 1}
        order = (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8)
        lengths = "0" + "0001" + "".join(f"{told.get(length, 0):03b}"[::-1] for length in order) + "0"
        bits += ["1", "000", "0", lengths, "1" * 256, "0" * 24, lengths, "1" * 256, "1000" * 3]
        blocks = -(-width // 4) * -(-height // 4)
        bits += (f"{number % groups & 255:08b}{number % groups >> 8:08b}" for number in range(blocks))
        bits += [one] * groups
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return riff(b"VP8L", b"\x2f" + int(text[::-1], 2).to_bytes(len(text) // 8, "little"))


def bmp(
    width: int, height: int, bits: int = 24, packed: int = 0, colours: bytes = b"", data: bytes = b"", used: int = 0
) -> bytes:
    """A BMP with a header of 40 bytes; `packed` 1 and 2 are runs of 8 and 4 bits, 3 masks."""
    told = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, packed, len(data), 2835, 2835, used, 0)
    start = 14 + len(told) + len(colours)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + told + colours + data
