"""Reads facts of MP4 and Matroska files that PyAV does not expose: a track's crop, and whether it may be shown.

Only headers are read, by seeking; their number is bounded, and damaged ones are ignored.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from alive402.liveness.media.frames import WHOLE, Crop

MAX_PARTS = 4_096
"""Most headers of boxes or elements that are read in one file; a long fragmented recording has a few hundred before
`moov` or `Tracks` is found."""

_SAMPLE_ENTRY = 86
"""Bytes of a VisualSampleEntry before its boxes, with its own header (ISO/IEC 14496-12, 12.1.3)."""

_SEGMENT, _TRACKS, _ENTRY, _VIDEO = 0x18538067, 0x1654AE6B, 0xAE, 0xE0
_TYPE, _ENABLED = 0x83, 0xB9
_LEFT, _TOP, _RIGHT, _BOTTOM = 0x54CC, 0x54BB, 0x54DD, 0x54AA


@dataclass(frozen=True, slots=True)
class TrackHeader:
    """A video track as described by the container's header.

    Attributes:
        track: MP4's track id; of a Matroska file the place among its video tracks, from 0.
        crop: what a player cuts off.
        enabled: Matroska's FlagEnabled. (MP4's flag reaches us as the stream's `default` disposition.)
    """

    track: int
    crop: Crop = WHOLE
    enabled: bool = True


def track_headers(path: Path, container: str) -> tuple[TrackHeader, ...]:
    """The video tracks of a file; empty where the container states none of this.

    Args:
        path: the file.
        container: FFmpeg's name of the format, for instance `mov,mp4,m4a,3gp,3g2,mj2`.
    """
    names = container.split(",")
    if "mp4" not in names and "matroska" not in names:
        return ()
    with path.open("rb") as file:
        reader = _Reader(file, path.stat().st_size)
        try:
            return tuple(_boxed_tracks(reader) if "mp4" in names else _matroska_tracks(reader))
        except (_Damaged, struct.error):
            return ()


class _Damaged(Exception):
    """The file ends early, or has more parts than are read."""


class _Reader:
    """Reads bytes by position, and the parts of MP4 and Matroska files; counts the headers."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = MAX_PARTS
        self.size = size

    def read(self, at: int, count: int) -> bytes:
        self._file.seek(at)
        read = self._file.read(count)
        if len(read) < count:
            raise _Damaged
        return read

    def boxes(self, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
        """Yield kind, start and end of the content of each box (ISO/IEC 14496-12, 4.2)."""
        while at + 8 <= end:
            self._count()
            size, kind = struct.unpack(">I4s", self.read(at, 8))
            head = 8
            if size == 1:
                (size,), head = struct.unpack(">Q", self.read(at + 8, 8)), 16
            stop = end if size == 0 else min(at + size, end)
            if stop < at + head:
                raise _Damaged
            yield kind, at + head, stop
            at = stop

    def box(self, at: int, end: int, *kinds: bytes) -> tuple[int, int] | None:
        """Start and end of the content of the first box on a path of kinds."""
        for kind in kinds:
            found = next(((start, stop) for name, start, stop in self.boxes(at, end) if name == kind), None)
            if found is None:
                return None
            at, end = found
        return at, end

    def elements(self, at: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Yield id, start and end of the content of each element (RFC 8794)."""
        while at + 2 <= end:
            self._count()
            identity, at = self._number(at, keep_marker=True)
            size, at = self._number(at, keep_marker=False)
            stop = end if size < 0 else min(at + size, end)
            yield identity, at, stop
            at = stop

    def unsigned(self, at: int, end: int) -> int:
        """The content of an element that is a number."""
        if not 0 <= end - at <= 8:
            raise _Damaged
        return int.from_bytes(self.read(at, end - at), "big")

    def _number(self, at: int, keep_marker: bool) -> tuple[int, int]:
        """A number of one to eight bytes, and the position where it ends; -1 is an unknown size."""
        length = 9 - self.read(at, 1)[0].bit_length()
        if length > 8:
            raise _Damaged
        value = int.from_bytes(self.read(at, length), "big")
        if keep_marker:
            return value, at + length
        bits = 7 * length
        value &= (1 << bits) - 1
        return (-1 if value == (1 << bits) - 1 else value), at + length

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise _Damaged


def _boxed_tracks(reader: _Reader) -> Iterator[TrackHeader]:
    movie = reader.box(0, reader.size, b"moov")
    if movie is None:
        return
    for kind, at, end in reader.boxes(*movie):
        if kind != b"trak":
            continue
        head = reader.box(at, end, b"tkhd")
        described = reader.box(at, end, b"mdia", b"minf", b"stbl", b"stsd")
        if head is None or described is None:
            continue
        # Version 1 has times of eight bytes.
        (track,) = struct.unpack(">I", reader.read(head[0] + (20 if reader.read(head[0], 1)[0] == 1 else 12), 4))
        crop = WHOLE
        for _, entry, stop in reader.boxes(described[0] + 8, described[1]):
            entry -= 8
            aperture = reader.box(entry + _SAMPLE_ENTRY, stop, b"clap") if entry + _SAMPLE_ENTRY <= stop else None
            if aperture is not None and aperture[1] - aperture[0] >= 32:
                size = struct.unpack(">HH", reader.read(entry + 32, 4))
                crop = clean_aperture(struct.unpack(">8i", reader.read(aperture[0], 32)), size[0], size[1])
            break
        yield TrackHeader(track, crop)


def clean_aperture(values: tuple[int, ...], width: int, height: int) -> Crop:
    """The crop of a `clap` box, calculated and rounded as FFmpeg does; an invalid one cuts nothing.

    Args:
        values: width, height, horizontal and vertical offset of the aperture's centre, each a numerator and a
            denominator (ISO/IEC 14496-12, 12.1.4).
        width: of the stored picture, px, as `height`.
    """
    if any(bottom <= 0 for bottom in values[1::2]) or min(width, height) < 1:
        return WHOLE
    wide, high, off_x, off_y = (Fraction(top, bottom) for top, bottom in zip(values[::2], values[1::2], strict=True))
    centre_x, centre_y = Fraction(width - 1, 2) + off_x, Fraction(height - 1, 2) + off_y
    left, right = centre_x - (wide - 1) / 2, centre_x + (wide - 1) / 2
    top, bottom = centre_y - (high - 1) / 2, centre_y + (high - 1) / 2
    if min(left, top) < 0 or min(wide, high) < 1 or right > width - 1 or bottom > height - 1:
        return WHOLE
    return Crop(int(left), int(top), width - 1 - int(right), height - 1 - int(bottom))


def _matroska_tracks(reader: _Reader) -> Iterator[TrackHeader]:
    place = 0
    for entry in _entries(reader):
        kind, enabled, edges = 0, True, dict.fromkeys((_LEFT, _TOP, _RIGHT, _BOTTOM), 0)
        for identity, at, end in reader.elements(*entry):
            if identity == _TYPE:
                kind = reader.unsigned(at, end)
            elif identity == _ENABLED:
                enabled = reader.unsigned(at, end) != 0
            elif identity == _VIDEO:
                edges |= {name: reader.unsigned(*span) for name, *span in reader.elements(at, end) if name in edges}
        if kind == 1:
            yield TrackHeader(place, Crop(edges[_LEFT], edges[_TOP], edges[_RIGHT], edges[_BOTTOM]), enabled)
            place += 1


def _entries(reader: _Reader) -> Iterator[tuple[int, int]]:
    """Start and end of the content of each TrackEntry (RFC 9559)."""
    for identity, at, end in reader.elements(0, reader.size):
        if identity == _SEGMENT:
            for part, start, stop in reader.elements(at, end):
                if part == _TRACKS:
                    yield from ((first, last) for name, first, last in reader.elements(start, stop) if name == _ENTRY)
                    return
