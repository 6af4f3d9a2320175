"""Builds HEIC and AVIF files box by box, so that each box can be false; FFmpeg encodes the pictures."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import av
import numpy as np

from alive402.liveness import model_files
from tests.conftest import Image

os.environ.setdefault("SVT_LOG", "1")  # the encoder of AV1 says errors alone

BRANDS = {"hevc": b"heic", "av1": b"avif"}
AV1_CONFIGURATION = b"\x81\0\x0c\0"
HEVC_SETS = range(32, 35)
LARGE_BYTES = 10_000_000


def box(kind: bytes, *bodies: bytes) -> bytes:
    """One box."""
    return struct.pack(">I4s", 8 + sum(map(len, bodies)), kind) + b"".join(bodies)


def full(kind: bytes, *bodies: bytes, version: int = 0, flags: int = 0) -> bytes:
    """One box with a version."""
    return box(kind, struct.pack(">I", version << 24 | flags), *bodies)


def ispe(width: int, height: int) -> bytes:
    """The property of the picture's size."""
    return full(b"ispe", struct.pack(">II", width, height))


def irot(quarters: int) -> bytes:
    """The property that turns a picture counterclockwise."""
    return box(b"irot", bytes([quarters]))


def imir(axis: int) -> bytes:
    """The property that mirrors a picture: 0 swaps top and bottom, 1 left and right."""
    return box(b"imir", bytes([axis]))


def clap(width: int, height: int, right: int = 0, down: int = 0, below: int = 1) -> bytes:
    """The property that crops a picture; `right` and `down` are halves of a px from its centre."""
    return box(b"clap", struct.pack(">IIIIiIiI", width, below, height, below, right, 2 * below, down, 2 * below))


def nclx(matrix: int, full_range: bool) -> bytes:
    """The property of the colour space."""
    return box(b"colr", b"nclx", struct.pack(">HHHB", 1, 13, matrix, full_range << 7))


@dataclass(frozen=True)
class Item:
    """One item of a file.

    Attributes:
        kind: four letters.
        data: its bytes.
        properties: boxes, in their order.
        essential: whether a reader must understand them.
        sources: numbers from 1 of the items that it is derived from.
        inside: whether its bytes lie in the `idat` box.
        extents: (start, length) each, in place of where its bytes are.
        reference: number of the file that has its bytes; 0 is this one.
    """

    kind: bytes
    data: bytes = b""
    properties: tuple[bytes, ...] = ()
    essential: bool = False
    sources: tuple[int, ...] = ()
    inside: bool = False
    extents: tuple[tuple[int, int], ...] | None = None
    reference: int = 0


def heif(
    *items: Item, primary: int | None = 1, brand: bytes = b"heic", before: bytes = b"", handler: bytes = b"pict"
) -> bytes:
    """A file of these items, numbered from 1; `before` precedes its `meta`."""
    head = box(b"ftyp", brand, bytes(4), brand, b"mif1") + before
    # Offsets take the same room whatever they are: the first pass tells where the bytes begin.
    start = len(head) + len(_meta(items, primary, handler, 0)) + 8
    meta = _meta(items, primary, handler, start)
    return head + meta + box(b"mdat", *(item.data for item in items if not item.inside))


def _meta(items: Iterable[Item], primary: int | None, handler: bytes, start: int) -> bytes:
    infos, places, owned, references, boxes, inside = b"", b"", b"", b"", b"", b""
    count, number_of_properties = 0, 0
    for count, item in enumerate(items, 1):
        infos += full(b"infe", struct.pack(">HH4s", count, 0, item.kind), b"\0", version=2)
        place = len(inside) if item.inside else start
        extents = item.extents if item.extents is not None else ((place, len(item.data)),)
        places += struct.pack(">HHHH", count, item.inside, item.reference, len(extents))
        places += b"".join(struct.pack(">II", *extent) for extent in extents)
        if item.inside:
            inside += item.data
        else:
            start += len(item.data)
        numbers = range(number_of_properties + 1, number_of_properties + 1 + len(item.properties))
        number_of_properties += len(item.properties)
        boxes += b"".join(item.properties)
        told = b"".join(struct.pack(">H", number | item.essential << 15) for number in numbers)
        owned += struct.pack(">HB", count, len(numbers)) + told
        if item.sources:
            sources = struct.pack(f">{len(item.sources)}H", *item.sources)
            references += box(b"dimg", struct.pack(">HH", count, len(item.sources)), sources)
    return full(
        b"meta",
        full(b"hdlr", bytes(4), handler, bytes(13)),
        full(b"pitm", struct.pack(">H", primary)) if primary is not None else b"",
        full(b"iinf", struct.pack(">H", count), infos),
        full(b"iref", references) if references else b"",
        box(b"iprp", box(b"ipco", boxes), full(b"ipma", struct.pack(">I", count), owned, flags=1)),
        box(b"idat", inside) if inside else b"",
        full(b"iloc", b"\x44\0", struct.pack(">H", count), places, version=1),
    )


def coded(picture: Image, codec: str = "hevc", *more: bytes, pix_fmt: str = "yuv420p", **told: object) -> Item:
    """A picture as an item; `more` are further properties, `told` replaces the true size."""
    height, width = picture.shape[:2]
    configuration, data = encoded(picture.tobytes(), width, height, codec, pix_fmt)
    kind, configured = (b"hvc1", b"hvcC") if codec == "hevc" else (b"av01", b"av1C")
    size = told.get("size", (width, height))
    data = told.get("data", data)  # type: ignore[assignment]
    configuration = told.get("configuration", configuration)  # type: ignore[assignment]
    assert isinstance(size, tuple)
    return Item(kind, data, (box(configured, configuration), ispe(*size), *more))


def whole(picture: Image, codec: str = "hevc", *more: bytes, pix_fmt: str = "yuv420p", **told: object) -> bytes:
    """A file of one picture."""
    return heif(coded(picture, codec, *more, pix_fmt=pix_fmt, **told), brand=BRANDS[codec])


def grid(
    tiles: Iterable[Item], columns: int, rows: int, size: tuple[int, int], *more: bytes, sources: Iterable[int] = ()
) -> bytes:
    """A file of a grid, whose item is the first; the tiles are the items from the second on."""
    tiles = tuple(tiles)
    layout = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, *size)
    named = tuple(sources) or tuple(range(2, 2 + len(tiles)))
    return heif(Item(b"grid", layout, (ispe(*size), *more), sources=named, inside=True), *tiles)


@contextmanager
def _scheduled_as_before() -> Iterator[None]:
    """Restore this thread's scheduling policy: SVT-AV1, run as root, makes the thread that opens it real-time.

    Every process that the tests start later would inherit that, and starve the rest of the machine.
    """
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, priority)


@cache
def encoded(pixels: bytes, width: int, height: int, codec: str, pix_fmt: str) -> tuple[bytes, bytes]:
    """The configuration and the bitstream of BGR pixels; large ones take seconds, and are kept between runs."""
    if len(pixels) < LARGE_BYTES:
        return _encoded(pixels, width, height, codec, pix_fmt)
    asked = f"{av.__version__} {width} {height} {codec} {pix_fmt}\n{Path(__file__).read_text()}".encode()
    kept = model_files.cache_folder().parent / "pictures" / sha256(asked + pixels).hexdigest()
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        # Another process may encode the same picture at the same time.
        aside = kept.with_name(uuid4().hex)
        aside.write_bytes(b"".join(map(with_length, _encoded(pixels, width, height, codec, pix_fmt))))
        aside.rename(kept)
    data = kept.read_bytes()
    (length,) = struct.unpack_from(">I", data)
    return data[4 : 4 + length], data[8 + length :]


def _encoded(pixels: bytes, width: int, height: int, codec: str, pix_fmt: str) -> tuple[bytes, bytes]:
    frame = av.VideoFrame.from_ndarray(np.frombuffer(pixels, np.uint8).reshape(height, width, 3), format="bgr24")
    context = av.CodecContext.create("libx265" if codec == "hevc" else "libsvtav1", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt, context.framerate = width, height, pix_fmt, 25
    if codec == "hevc":
        context.options = {"preset": "ultrafast", "crf": "10", "x265-params": "log-level=none:keyint=1:info=0:pools=1"}
    else:
        context.options = {"preset": "12", "crf": "10", "svtav1-params": "avif=1:lp=1"}
    with _scheduled_as_before():
        data = b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])
    return (AV1_CONFIGURATION, data) if codec == "av1" else _hevc(data, pix_fmt)


def _hevc(stream: bytes, pix_fmt: str) -> tuple[bytes, bytes]:
    """A byte stream in the form of a file: parameter sets in `hvcC`, the other units behind their lengths."""
    units = [unit.rstrip(b"\0") for unit in stream.split(b"\0\0\1") if unit.rstrip(b"\0")]
    sets = [unit for unit in units if unit[0] >> 1 & 63 in HEVC_SETS]
    arrays = b"".join(struct.pack(">BHH", 0x80 | unit[0] >> 1 & 63, 1, len(unit)) + unit for unit in sets)
    chroma, deep = 0xFC | (3 if "444" in pix_fmt else 1), 0xF8 | (2 if "10" in pix_fmt else 0)
    head = b"\1\1\x60" + bytes(9) + b"\x5a\xf0\0\xfc" + bytes([chroma, deep, deep, 0, 0, 0x0F, len(sets)])
    return head + arrays, b"".join(with_length(unit) for unit in units if unit[0] >> 1 & 63 < 32)


def with_length(unit: bytes) -> bytes:
    """An HEVC unit as a file stores it."""
    return struct.pack(">I", len(unit)) + unit
