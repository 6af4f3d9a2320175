"""Reads the container of HEIC and AVIF (ISO/IEC 23008-12): the coded tiles of the primary picture and their layout."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from alive402.liveness.errors import UndecodableImage, UnsupportedImage
from alive402.liveness.media.heif.boxes import (
    Reader,
    read_associations,
    read_boxes,
    read_kinds,
    read_places,
    read_sources,
)

# Major brands. A sequence holds a track of pictures, as a video does; the foreign ones are stills in other codecs.
_STILL = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2", b"mif3", b"miaf", b"avif", b"avio"})
_FOREIGN = frozenset({b"avci", b"jpeg", b"j2ki", b"vvic"})
_SEQUENCES = frozenset({b"hevc", b"hevx", b"hevm", b"hevs", b"msf1", b"avis", b"avcs", b"jpgs", b"j2is", b"vvis"})

_MOST_TILES = 1_024
_MOST_CONFIGURATION = 2**16
# By item type: the codec, the property with its configuration, and the fewest bytes of that.
_CODECS = {b"hvc1": ("hevc", b"hvcC", 23), b"hev1": ("hevc", b"hvcC", 23), b"av01": ("av1", b"av1C", 4)}
NOT_A_VIDEO = "This is a HEIC or AVIF picture, not a video. Send a video."
_NOT_READ = "This HEIF file holds a picture of a kind that is not read. Send HEIC, AVIF or JPEG."
# Properties that do not change the decoded pixels, though a writer may mark them essential.
_HARMLESS = frozenset(
    {b"ispe", b"pixi", b"colr", b"pasp", b"auxC", b"a1op", b"lsel", b"clli", b"mdcv", b"cclv", b"amve"}
)
_APPLIED = frozenset({b"hvcC", b"av1C", b"irot", b"imir", b"clap"})


@dataclass(frozen=True, slots=True)
class Coded:
    """A coded picture: one tile, or the whole.

    Attributes:
        codec: `hevc` or `av1`.
        configuration: the body of its `hvcC` or `av1C`.
        data: its bitstream.
        width: px, as its `ispe` says.
        height: px.
        matrix: colour matrix (ISO/IEC 23091-2) of its `colr`; None when the bitstream tells.
        full_range: whether samples span 0..255, by its `colr`; None when the bitstream tells.
    """

    codec: str
    configuration: bytes
    data: bytes
    width: int
    height: int
    matrix: int | None = None
    full_range: bool | None = None

    @property
    def is_deep(self) -> bool:
        """Whether its configuration is 4:4:4 with more than 8 bits: 6 bytes per px, four times those of 4:2:0."""
        if self.codec == "hevc":
            chroma, luma_depth, chroma_depth = (self.configuration[place] for place in (16, 17, 18))
            return chroma & 3 == 3 and bool((luma_depth | chroma_depth) & 7)
        return self.configuration[2] & 0b0100_1000 == 0b0100_0000


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn by quarters, counterclockwise (`irot`)."""

    quarters: int


@dataclass(frozen=True, slots=True)
class Mirror:
    """A mirror image (`imir`): left and right swapped when `sides`, else top and bottom."""

    sides: bool


@dataclass(frozen=True, slots=True)
class Crop:
    """The part of the canvas that is shown (`clap`), px."""

    left: int
    top: int
    width: int
    height: int


Change = Turn | Mirror | Crop


@dataclass(frozen=True, slots=True)
class Layout:
    """How the primary picture is made of coded tiles.

    Attributes:
        width: of the canvas, before `changes`, px.
        height: px.
        columns: tiles in a row; 1 for a picture that is not a grid.
        tiles: row by row, all of one size.
        changes: turns, mirrors and crops, in their order.
    """

    width: int
    height: int
    columns: int
    tiles: tuple[Coded, ...]
    changes: tuple[Change, ...]

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height after the changes, px."""
        width, height = self.width, self.height
        for change in self.changes:
            if isinstance(change, Turn) and change.quarters % 2:
                width, height = height, width
            elif isinstance(change, Crop):
                width, height = change.width, change.height
        return width, height

    @property
    def is_deep(self) -> bool:
        """Whether a tile's configuration is 4:4:4 with more than 8 bits."""
        return any(tile.is_deep for tile in self.tiles)

    @property
    def coded_pixels(self) -> int:
        """Pixels that the decoder makes, including those of the last row and column that the canvas cuts off."""
        return sum(tile.width * tile.height for tile in self.tiles)


def is_still(head: bytes) -> bool:
    """Whether these first bytes are those of a HEIF picture."""
    return head[4:8] == b"ftyp" and head[8:12] in _STILL | _FOREIGN


def is_sequence(head: bytes) -> bool:
    """Whether these first bytes are those of a HEIF sequence: timed pictures on a track, as in a video."""
    return head[4:8] == b"ftyp" and head[8:12] in _SEQUENCES


def layout_of(data: bytes) -> Layout:
    """Read the layout of the primary picture without decoding; videos, thumbnails, alpha and depth are ignored.

    The EXIF orientation is ignored too: in HEIF only `irot` and `imir` turn a picture.

    Raises:
        UnsupportedImage: it is not HEVC, AV1 or a grid of these.
        UndecodableImage: the file is cut, contradicts itself, or is over a bound of this module.
    """
    try:
        return _Container(data).primary()
    except (struct.error, IndexError, KeyError, ZeroDivisionError):
        raise UndecodableImage from None


class _Container:
    """The `meta` box of a file."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        meta = next((body for kind, body in read_boxes(self._data) if kind == b"meta"), None)
        if meta is None:
            raise UndecodableImage
        self._boxes: dict[bytes, memoryview] = {}
        for kind, body in read_boxes(meta[4:]):
            self._boxes.setdefault(kind, body)
        if bytes(self._boxes[b"hdlr"][8:12]) != b"pict":
            raise UndecodableImage
        properties = dict(read_boxes(self._boxes[b"iprp"]))
        self._properties = list(read_boxes(properties[b"ipco"]))
        self._owned = read_associations(properties[b"ipma"])
        self._kinds = read_kinds(self._boxes[b"iinf"])
        self._places = read_places(self._boxes[b"iloc"])
        self._coded: dict[int, Coded] = {}
        # Overlapping extents would make a small file grow without bound; no writer needs a byte twice.
        self._bytes_left = len(data)

    def primary(self) -> Layout:
        """The layout of the primary item."""
        reader = Reader(self._boxes[b"pitm"])
        item = reader.number(4 if reader.full_box()[0] else 2)
        kind = self._kinds[item]
        if kind in _CODECS:
            coded = self._coded_item(item)
            return Layout(coded.width, coded.height, 1, (coded,), self._changes(item, coded.width, coded.height))
        if kind != b"grid":
            raise UnsupportedImage(_NOT_READ)
        return self._grid(item)

    def _grid(self, item: int) -> Layout:
        reader = Reader(self._bytes_of(item), 1)
        size = 4 if reader.number(1) & 1 else 2
        rows, columns = reader.number(1) + 1, reader.number(1) + 1
        width, height = reader.number(size), reader.number(size)
        tile_items = read_sources(self._boxes[b"iref"], item)
        if len(tile_items) != rows * columns or len(tile_items) > _MOST_TILES:
            raise UndecodableImage
        tiles = tuple(map(self._tile, tile_items))
        across, down = tiles[0].width, tiles[0].height
        # All tiles have one size and cover the canvas, and each row and column shows in it (6.6.2.3.1).
        if {(tile.width, tile.height) for tile in tiles} != {(across, down)}:
            raise UndecodableImage
        if not (across * (columns - 1) < width <= across * columns and down * (rows - 1) < height <= down * rows):
            raise UndecodableImage
        return Layout(width, height, columns, tiles, self._changes(item, width, height))

    def _tile(self, item: int) -> Coded:
        if self._kinds[item] not in _CODECS:
            raise UnsupportedImage(_NOT_READ)
        coded = self._coded_item(item)
        if self._changes(item, coded.width, coded.height):  # Forbidden by MIAF (ISO/IEC 23000-22).
            raise UndecodableImage
        return coded

    def _coded_item(self, item: int) -> Coded:
        if item in self._coded:
            return self._coded[item]
        codec, configured_by, least = _CODECS[self._kinds[item]]
        owned = self._properties_of(item)
        first = dict(reversed(owned))
        size = Reader(first[b"ispe"], 4)
        width, height = size.number(4), size.number(4)
        configuration = bytes(first[configured_by])
        if not (width and height) or not least <= len(configuration) <= _MOST_CONFIGURATION:
            raise UndecodableImage
        # An ICC profile is a `colr` too, and may come before or after the numbers.
        numbers = next((body for kind, body in owned if kind == b"colr" and bytes(body[:4]) == b"nclx"), None)
        matrix = full = None
        if numbers is not None:
            matrix, full = Reader(numbers, 8).number(2), bool(numbers[10] & 0x80)
        coded = Coded(codec, configuration, self._bytes_of(item), width, height, matrix, full)
        self._coded[item] = coded
        return coded

    def _properties_of(self, item: int) -> list[tuple[bytes, memoryview]]:
        """Type and body of each property, in order; UnsupportedImage for an essential property that is unknown."""
        found = []
        for essential, index in self._owned.get(item, ()):
            if not 0 < index <= len(self._properties):
                raise UndecodableImage
            kind, body = self._properties[index - 1]
            if essential and kind not in _HARMLESS | _APPLIED:
                raise UnsupportedImage(_NOT_READ)
            found.append((kind, body))
        return found

    def _changes(self, item: int, width: int, height: int) -> tuple[Change, ...]:
        changes: list[Change] = []
        for kind, body in self._properties_of(item):
            if kind == b"irot":
                changes.append(Turn(body[0] & 3))
                width, height = (height, width) if body[0] & 1 else (width, height)
            elif kind == b"imir":
                changes.append(Mirror(bool(body[0] & 1)))
            elif kind == b"clap":
                crop = _crop(body, width, height)
                width, height = crop.width, crop.height
                changes.append(crop)
        return tuple(changes)

    def _bytes_of(self, item: int) -> bytes:
        place = self._places[item]
        source = self._boxes[b"idat"] if place.in_idat else self._data
        pieces = []
        for start, length in place.extents:
            end = start + length if length else len(source)
            self._bytes_left -= end - start
            if not start < end <= len(source) or self._bytes_left < 0:
                raise UndecodableImage
            pieces.append(source[start:end])
        return b"".join(pieces)


def _crop(clap: memoryview, width: int, height: int) -> Crop:
    """The clean aperture within `width` x `height` px: its size, and its centre's offset from the canvas's centre."""
    numbers = struct.unpack_from(">IIIIiIiI", clap)
    across, down, right, below = (Fraction(*numbers[place : place + 2]) for place in (0, 2, 4, 6))
    left, top = floor((width - across) / 2 + right), floor((height - down) / 2 + below)
    crop = Crop(left, top, int(across), int(down))
    if min(crop.width, crop.height) < 1 or left < 0 or top < 0:
        raise UndecodableImage
    if left + crop.width > width or top + crop.height > height:
        raise UndecodableImage
    return crop
