"""Reads the boxes of an ISO base media file and the item lists of its `meta` box (ISO/IEC 14496-12), all bounded."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from alive402.liveness.errors import UndecodableImage

# Most boxes, items, properties or references in one list. A phone's largest picture has about 200 items.
MOST_PIECES = 20_000


class Reader:
    """Reads consecutive big-endian numbers; raises IndexError at the end of the bytes."""

    def __init__(self, data: bytes | memoryview, place: int = 0) -> None:
        self._data, self.place = data, place

    def number(self, size: int) -> int:
        end = self.place + size
        if end > len(self._data):
            raise IndexError
        value = int.from_bytes(self._data[self.place : end], "big")
        self.place = end
        return value

    def fourcc(self) -> bytes:
        return self.number(4).to_bytes(4, "big")

    def full_box(self) -> tuple[int, int]:
        """Read the version and flags of a full box."""
        return self.number(1), self.number(3)

    def counted(self, size: int) -> range:
        """The range of a count, which is stored in `size` bytes.

        Raises:
            UndecodableImage: it is over MOST_PIECES.
        """
        count = self.number(size)
        if count > MOST_PIECES:
            raise UndecodableImage
        return range(count)


@dataclass(frozen=True, slots=True)
class Place:
    """Location of an item's bytes.

    Attributes:
        in_idat: whether the extents count from the start of `idat`; otherwise from the start of the file.
        extents: (start, length) in bytes; length 0 means up to the end.
    """

    in_idat: bool
    extents: tuple[tuple[int, int], ...]


def read_boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yields the type and the body of each box.

    A box that extends past the data is cut off there.

    Raises:
        UndecodableImage: a size is impossible, or there are over MOST_PIECES boxes.
    """
    place = 0
    for _ in range(MOST_PIECES):
        if place + 8 > len(data):
            return
        size, kind = struct.unpack_from(">I4s", data, place)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, place + 8)
            head = 16
        elif size == 0:
            size = len(data) - place
        if size < head:
            raise UndecodableImage
        yield kind, data[place + head : place + size]
        place += size
    raise UndecodableImage


def read_associations(ipma: memoryview) -> dict[int, list[tuple[bool, int]]]:
    """Read the properties of each item: (essential, index from 1), in their order."""
    reader, owned, total = Reader(ipma), dict[int, list[tuple[bool, int]]](), 0
    version, flags = reader.full_box()
    size = 2 if flags & 1 else 1
    essential = 1 << (8 * size - 1)
    for _ in reader.counted(4):
        item = reader.number(4 if version else 2)
        listed = [reader.number(size) for _ in range(reader.number(1))]
        total += len(listed)
        if total > MOST_PIECES:
            raise UndecodableImage
        owned.setdefault(item, [(bool(one & essential), one & (essential - 1)) for one in listed])
    return owned


def read_kinds(iinf: memoryview) -> dict[int, bytes]:
    """Read the type of each item, four letters; empty for a protected (encrypted) item."""
    reader, kinds = Reader(iinf), dict[int, bytes]()
    reader.counted(4 if reader.full_box()[0] else 2)
    for kind, body in read_boxes(iinf[reader.place :]):
        inner = Reader(body)
        version = inner.full_box()[0]
        if kind != b"infe" or version < 2:
            continue
        item, protected = inner.number(4 if version > 2 else 2), inner.number(2)
        kinds.setdefault(item, b"" if protected else inner.fourcc())
    return kinds


def read_places(iloc: memoryview) -> dict[int, Place]:
    """Read the place of each item; items stored in another file, or inside another item, are left out."""
    reader, places, total = Reader(iloc), dict[int, Place](), 0
    version, _ = reader.full_box()
    sizes, more = reader.number(1), reader.number(1)
    of_start, of_length, of_base, of_index = sizes >> 4, sizes & 15, more >> 4, more & 15 if version else 0
    for _ in reader.counted(4 if version > 1 else 2):
        item = reader.number(4 if version > 1 else 2)
        method = reader.number(2) & 15 if version else 0
        file, base = reader.number(2), reader.number(of_base)
        extents = []
        for _ in reader.counted(2):
            reader.number(of_index)
            extents.append((base + reader.number(of_start), reader.number(of_length)))
        total += len(extents)
        if total > MOST_PIECES:
            raise UndecodableImage
        if file == 0 and method < 2:
            places.setdefault(item, Place(method == 1, tuple(extents)))
    return places


def read_sources(iref: memoryview, item: int) -> list[int]:
    """Read the items that `item` is derived from (`dimg`), in their order."""
    outer = Reader(iref)
    size = 4 if outer.full_box()[0] else 2
    for kind, body in read_boxes(iref[4:]):
        reader = Reader(body)
        if kind == b"dimg" and reader.number(size) == item:
            return [reader.number(size) for _ in reader.counted(2)]
    raise UndecodableImage
