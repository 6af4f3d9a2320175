"""Tells whether a video file ends before its container says that it ends: an upload or a recording that was cut off."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from alive402.liveness.errors import UndecodableVideo

MOST_BOXES = 4_096
"""Most top-level boxes that are read; a long fragmented recording has a few hundred."""

# A larger part of a file is not believed to be missing: the size itself is damaged.
_BELIEVED = 1 << 40
_EBML, _SEGMENT = 0x1A45DFA3, 0x18538067
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_MOVIE, _PICTURES = b"moov", b"mdat"
_BOXES = frozenset({b"ftyp", b"styp", b"free", b"skip", b"wide", b"moof", b"sidx", b"uuid", _MOVIE, _PICTURES})
_FIRST = _BOXES - {b"moof", b"sidx", b"uuid"}


def truncated_video() -> UndecodableVideo:
    """The error for a file of which too little is left to decode."""
    return UndecodableVideo(
        "The video is truncated: an upload or a recording was cut off, and its end is missing. Send the whole file.",
        truncated=True,
    )


def is_truncated(path: Path) -> bool:
    """Whether the container states more bytes than the file has, or an MP4 lacks its index (`moov`) or its `mdat`.

    It is for files that cannot be decoded: a player shows what is left of many truncated files.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(64)
        if head[4:8] in _FIRST:
            return _boxes_end_early(file, size)
        if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
            return int.from_bytes(head[4:8], "little") + 8 > size
        if head[:4] == _EBML.to_bytes(4, "big"):
            return _elements_end_early(head + file.read(4096), size)
        if head[:16] == _ASF:
            return _objects_end_early(file, size)
    return False


def _boxes_end_early(file: BinaryIO, size: int) -> bool:
    """Whether a top-level box (ISO/IEC 14496-12, 4.2) passes the end of the file, or `moov` is missing at its end."""
    at, kinds = 0, set[bytes]()
    for _ in range(MOST_BOXES):
        if at == size:
            # A fragmented file, and one made for the web, has its `moov` first.
            return not {_MOVIE, _PICTURES} <= kinds
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return True
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if kind not in _BOXES:
            return False
        kinds.add(kind)
        if length == 1:
            if len(head) < 16:
                return True
            length = int.from_bytes(head[8:], "big")
        if length == 0:
            return _MOVIE not in kinds and kind == _PICTURES
        if length < 8:
            return False
        at += length
        if at > size:
            return at < _BELIEVED
    return False


def _objects_end_early(file: BinaryIO, size: int) -> bool:
    """Whether the Header or the Data Object of an ASF file (its specification, 3 and 5) passes the end of the file."""
    end = 0
    for _ in range(2):
        file.seek(end)
        head = file.read(24)
        end += int.from_bytes(head[16:24], "little")
        if end >= _BELIEVED:
            return False
        if len(head) < 24 or size < end:
            return True
    return False


def _elements_end_early(head: bytes, size: int) -> bool:
    """Whether the EBML header or the Segment of a Matroska file (RFC 8794) passes the end of the file."""
    at = 4
    header, at = _length(head, at)
    if not 0 <= header < 4096:
        return False
    at += header
    if at > size:
        return True
    if head[at : at + 4] != _SEGMENT.to_bytes(4, "big")[: max(0, size - at)]:
        return False
    segment, start = _length(head, at + 4)
    return start > size or size < start + segment < _BELIEVED


def _length(head: bytes, at: int) -> tuple[int, int]:
    """The size of an element and the position after it; -1 is an unknown size or a damaged one."""
    if at >= len(head):
        return 0, at + 1
    length = 9 - head[at].bit_length()
    if length > 8:
        return -1, at + 1
    value = int.from_bytes(head[at : at + length], "big") & ((1 << 7 * length) - 1)
    return (-1 if value == (1 << 7 * length) - 1 else value), at + length
