"""Recognises a video container by its first bytes, before any decoder opens the file."""

from __future__ import annotations

from pathlib import Path

from alive402.liveness import UnsupportedVideo, heif

_HEAD_BYTES = 4096
_ISO_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp"})
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_PREFIXES = (
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"FLV\x01", "flv"),
    (_ASF, "asf"),
    (b"\x00\x00\x01\xba", "mpeg"),
    (b"\x00\x00\x01\xb3", "mpeg"),
    (b".RMF", "rm"),
    (b"OggS", "ogg"),
)


def container_of(path: Path) -> str:
    """The container of the file: `mp4`, `avi`, `matroska`, `flv`, `asf`, `mpegts`, `mpeg`, `rm` or `ogg`.

    Playlists and concatenation scripts are refused whatever their name: they would make a decoder open other files.

    Raises:
        UnsupportedVideo: none of these, or a HEIC or AVIF picture, which uses the same boxes as an MP4.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if heif.is_still(head):
        raise UnsupportedVideo(heif.NOT_A_VIDEO)
    if head[4:8] in _ISO_BOXES:
        return "mp4"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    for prefix, name in _PREFIXES:
        if head.startswith(prefix):
            return name
    # A transport stream has no magic number: 0x47 stands at every 188 bytes, or every 192 after a time code.
    for first, step in ((0, 188), (4, 192)):
        beats = head[first : first + 4 * step : step]
        if len(beats) == 4 and set(beats) == {0x47}:
            return "mpegts"
    raise UnsupportedVideo
