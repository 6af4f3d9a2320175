"""Table of hostile files, made on demand, each with its expected result: a code, or `judged`."""

from __future__ import annotations

import gzip
import io
import random
import struct
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from tests.intake.films import film, sound
from tests.intake.heif_files import whole

JUDGED = "judged"
FACELESS = "no_face"
# All of it is black.
BLACK = "too_dark"


@dataclass(frozen=True)
class Seeds:
    """Whole files from which the hostile ones are made.

    Attributes:
        person: an MP4 of a person filmed from life.
        mp4, mkv, avi, flv, ts: 1.2 seconds without a face, 160 x 120, 15 a second.
    """

    person: bytes
    mp4: bytes
    mkv: bytes
    avi: bytes
    flv: bytes
    ts: bytes


Maker = Callable[[Seeds], bytes]


def seeds(person: Path) -> Seeds:
    """The seeds, made once."""
    quick = {"movflags": "faststart"}
    return Seeds(
        person=person.read_bytes(),
        mp4=film("mp4", options=quick),
        mkv=film("matroska"),
        avi=film("avi", "mpeg4"),
        flv=film("flv", "flv"),
        ts=film("mpegts"),
    )


def box(kind: bytes, content: bytes) -> bytes:
    """One box of an ISO file."""
    return struct.pack(">I", 8 + len(content)) + kind + content


def where(data: bytes, kind: bytes) -> int:
    """The position of the content of the first box of a kind."""
    return data.index(kind) + 4


def patched(data: bytes, kind: bytes, offset: int, value: bytes) -> bytes:
    """The file with some bytes of a box's content replaced."""
    at = where(data, kind) + offset
    return data[:at] + value + data[at + len(value) :]


def part(data: bytes, kind: bytes) -> tuple[int, int]:
    """The start and end of the first box of a kind."""
    start = where(data, kind) - 8
    return start, start + int.from_bytes(data[start : start + 4], "big")


def with_tracks(data: bytes, count: int) -> bytes:
    """The same track many times."""
    start, end = part(data, b"trak")
    moov, _ = part(data, b"moov")
    tracks = data[start:end] * count
    size = int.from_bytes(data[moov : moov + 4], "big") + len(tracks) - (end - start)
    return data[:moov] + struct.pack(">I", size) + data[moov + 4 : start] + tracks + data[end:]


def scrambled(data: bytes, share: float, start: int, seed: int = 402) -> bytes:
    """The file with a share of its bytes, from `start` on, replaced at random."""
    chance, changed = random.Random(seed), bytearray(data)
    for _ in range(int((len(data) - start) * share)):
        changed[chance.randrange(start, len(data))] = chance.randrange(256)
    return bytes(changed)


def noise(count: int) -> bytes:
    """Random bytes, always the same."""
    return random.Random(402).randbytes(count)


def nested(depth: int) -> bytes:
    """Boxes in boxes."""
    content = b""
    for _ in range(depth):
        content = box(b"moov", content)
    return box(b"ftyp", b"mp42\0\0\0\0") + content


def picture(kind: str) -> bytes:
    """A still picture."""
    return cv2.imencode(kind, np.full((120, 160, 3), 90, np.uint8))[1].tobytes()


def gif() -> bytes:
    """A moving GIF."""
    return film("gif", "gif", pix_fmt="rgb8")


def zipped() -> bytes:
    """16 MB of zeros in 16 KB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("video.mp4", bytes(2**24))
    return out.getvalue()


def tarred() -> bytes:
    """An archive with a member outside its folder."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        file.addfile(tarfile.TarInfo("../../etc/passwd"))
    return out.getvalue()


def ebml(kind: str, content: bytes) -> bytes:
    """One element of a Matroska file."""
    return bytes.fromhex(kind) + b"\x01" + len(content).to_bytes(7, "big") + content


def subtitles() -> bytes:
    """A Matroska file with subtitles only."""
    track = ebml("D7", b"\1") + ebml("73C5", b"\1") + ebml("83", b"\x11") + ebml("86", b"S_TEXT/UTF8")
    words = ebml("A0", ebml("A1", b"\x81\0\0\0hello") + ebml("9B", b"\x03\xe8"))
    content = (
        ebml("1549A966", ebml("2AD7B1", b"\x0f\x42\x40"))
        + ebml("1654AE6B", ebml("AE", track))
        + ebml("1F43B675", ebml("E7", b"\0") + words)
    )
    return ebml("1A45DFA3", ebml("4282", b"matroska")) + ebml("18538067", content)


def elsewhere(data: bytes, url: bytes) -> bytes:
    """A file whose track refers to another file."""
    start, end = part(data, b"dref")
    moved = box(b"dref", bytes(4) + struct.pack(">I", 1) + box(b"url ", bytes(4) + url + b"\0"))
    # Where the old one stood there is less room: the boxes around it grow by the difference.
    more, changed = len(moved) - (end - start), data[:start] + moved + data[end:]
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
        at = where(changed, kind) - 8
        changed = (
            changed[:at] + struct.pack(">I", int.from_bytes(changed[at : at + 4], "big") + more) + changed[at + 4 :]
        )
    return changed


FTYP = box(b"ftyp", b"mp42\0\0\0\0mp42isom")
CONCAT = b"ffconcat version 1.0\nfile /etc/hostname\nfile video\n"
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/hostname\n#EXT-X-ENDLIST\n"
MATRIX = struct.pack(">9i", 46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30)
U32, U31 = b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff"

FILES: dict[str, tuple[Maker, str]] = {
    # What is judged, so that the refusals are of these files and not of everything.
    "a person": (lambda s: s.person, JUDGED),
    "no face": (lambda s: s.mp4, FACELESS),
    # No video at all.
    "empty": (lambda s: b"", "unsupported_video"),
    "one byte": (lambda s: b"\0", "unsupported_video"),
    "zeros": (lambda s: bytes(100_000), "unsupported_video"),
    "chance": (lambda s: noise(100_000), "unsupported_video"),
    "text": (lambda s: b"hello\n" * 100, "unsupported_video"),
    "a page": (lambda s: b"<!doctype html><video src=file:///etc/passwd>", "unsupported_video"),
    "svg": (lambda s: b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
            "unsupported_video"),
    "xml that grows": (lambda s: b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><l>&b;</l>',
                       "unsupported_video"),
    "dash": (lambda s: b'<?xml version="1.0"?><MPD><BaseURL>file:///etc/</BaseURL></MPD>', "unsupported_video"),
    "playlist": (lambda s: PLAYLIST, "unsupported_video"),
    "concat": (lambda s: CONCAT, "unsupported_video"),
    "session description": (lambda s: b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
                            "unsupported_video"),
    "zip bomb": (lambda s: zipped(), "unsupported_video"),
    "gzip bomb": (lambda s: gzip.compress(bytes(2**24)), "unsupported_video"),
    "tar": (lambda s: tarred(), "unsupported_video"),
    "pdf": (lambda s: b"%PDF-1.7\n" + bytes(1000), "unsupported_video"),
    "program": (lambda s: b"\x7fELF" + bytes(1000), "unsupported_video"),
    "png": (lambda s: picture(".png"), "unsupported_video"),
    "jpeg": (lambda s: picture(".jpg"), "unsupported_video"),
    "webp": (lambda s: picture(".webp"), "unsupported_video"),
    "gif": (lambda s: gif(), "unsupported_video"),
    "heic": (lambda s: whole(np.zeros((96, 96, 3), np.uint8)), "unsupported_video"),
    "avif": (lambda s: picture(".avif"), "unsupported_video"),
    "wav": (lambda s: b"RIFF\x24\0\0\0WAVEfmt " + bytes(100), "unsupported_video"),
    "raw h264": (lambda s: film("h264"), "unsupported_video"),
    "yuv4mpeg": (lambda s: film("yuv4mpegpipe", "wrapped_avframe"), "unsupported_video"),
    # A head that says video, and something else behind it.
    "mp4 head, nothing": (lambda s: FTYP, "undecodable_video"),
    "mp4 head, concat": (lambda s: FTYP + CONCAT, "unsupported_video"),
    "mp4 head, playlist": (lambda s: FTYP + PLAYLIST, "unsupported_video"),
    "mp4 head, zip": (lambda s: FTYP + zipped(), "unsupported_video"),
    "mp4 head, chance": (lambda s: FTYP + noise(100_000), "unsupported_video"),
    "box of size nought": (lambda s: FTYP + b"\0\0\0\0moov" + bytes(100), "unsupported_video"),
    "box of 2**63 bytes": (lambda s: FTYP + b"\0\0\0\1moov\x7f" + U32 + b"\xff\xff\xff", "unsupported_video"),
    "boxes in boxes": (lambda s: nested(2_000), "undecodable_video"),
    "avi head, playlist": (lambda s: b"RIFF\xff\0\0\0AVI " + PLAYLIST, "undecodable_video"),
    "avi head, chance": (lambda s: b"RIFF\xff\0\0\0AVI LIST" + noise(10_000), "unsupported_video"),
    "matroska head, chance": (lambda s: b"\x1a\x45\xdf\xa3" + noise(10_000), "unsupported_video"),
    "matroska of endless size": (lambda s: b"\x1a\x45\xdf\xa3\x01" + b"\xff" * 7 + bytes(10_000), "unsupported_video"),
    "flv head, chance": (lambda s: b"FLV\x01\x05\0\0\0\x09" + noise(10_000), "unsupported_video"),
    "asf head, chance": (lambda s: bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + noise(10_000),
                         "unsupported_video"),
    "real head, chance": (lambda s: b".RMF\0\0\0\x12" + noise(10_000), "unsupported_video"),
    "ogg head, chance": (lambda s: b"OggS" + noise(10_000), "unsupported_video"),
    "mpeg head, chance": (lambda s: b"\0\0\1\xba" + noise(10_000), "unsupported_video"),
    "stream of empty packets": (lambda s: (b"\x47\x1f\xff\x10" + bytes(184)) * 500, "unsupported_video"),
    # No picture in it.
    "sound alone, mp4": (lambda s: sound("mp4", "aac"), "unsupported_video"),
    "sound alone, matroska": (lambda s: sound("matroska", "aac"), "unsupported_video"),
    "words alone": (lambda s: subtitles(), "unsupported_video"),
    "no frame": (lambda s: film("matroska", frames=0), "unsupported_video"),
    "one frame": (lambda s: film("mp4", frames=1), "video_too_short"),
    "three frames": (lambda s: film("mp4", frames=3), "video_too_short"),
    # Cut and broken.
    "index cut off": (lambda s: s.mp4[: part(s.mp4, b"moov")[1] // 2], "undecodable_video"),
    "index alone": (lambda s: s.mp4[: part(s.mp4, b"moov")[1]], "undecodable_video"),
    "half a file": (lambda s: (ts := film("mpegts", frames=40))[: len(ts) * 3 // 4], FACELESS),
    "pictures of zeros": (lambda s: (cut := part(s.mp4, b"moov")[1]) * b"" + s.mp4[:cut] + bytes(len(s.mp4) - cut),
                          "undecodable_video"),
    "pictures by chance": (lambda s: (cut := part(s.mp4, b"moov")[1]) * b"" + s.mp4[:cut] + noise(len(s.mp4) - cut),
                           "undecodable_video"),
    "broken NAL units": (lambda s: scrambled(s.mp4, 0.002, (len(s.mp4) + part(s.mp4, b"mdat")[0]) // 2), FACELESS),
    "broken transport packets": (lambda s: scrambled(s.ts, 0.001, 4000), FACELESS),
    "broken matroska": (lambda s: scrambled(s.mkv, 0.002, 1000), FACELESS),
    "broken flv": (lambda s: scrambled(s.flv, 0.002, 500), FACELESS),
    # Figures that lie.
    "sizes of samples": (lambda s: patched(s.mp4, b"stsz", 4, U31), "undecodable_video"),
    "number of samples": (lambda s: patched(s.mp4, b"stsz", 8, U32), "unsupported_video"),
    "number of durations": (lambda s: patched(s.mp4, b"stts", 4, U32), "unsupported_video"),
    "places of samples": (lambda s: patched(s.mp4, b"stco", 8, U31), "undecodable_video"),
    "number of places": (lambda s: patched(s.mp4, b"stco", 4, U32), FACELESS),
    "no time passes": (lambda s: patched(s.mp4, b"stts", 12, bytes(4)), "video_too_short"),
    "years pass": (lambda s: patched(s.mp4, b"stts", 12, U31), "video_too_short"),
    "ten hours told": (lambda s: patched(s.mp4, b"mvhd", 16, struct.pack(">I", 36_000_000)), FACELESS),
    "no time scale": (lambda s: patched(s.mp4, b"mdhd", 12, bytes(4)), "video_too_short"),
    "a million frames a second": (lambda s: film("matroska", rate=1_000_000), "video_too_short"),
    "a frame in a thousand seconds": (lambda s: film("mp4", rate=Fraction(1, 1000), frames=3), "video_too_large"),
    "turned by 45 degrees": (lambda s: patched(s.mp4, b"tkhd", 40, MATRIX), FACELESS),
    "turned by nothing": (lambda s: patched(s.mp4, b"tkhd", 40, bytes(36)), FACELESS),
    "turned to infinity": (lambda s: patched(s.mp4, b"tkhd", 40, U31 * 9), FACELESS),
    "encrypted": (lambda s: s.mp4.replace(b"avc1", b"encv"), "undecodable_video"),
    "unknown codec": (lambda s: s.mp4.replace(b"avc1", b"zzzz"), "undecodable_video"),
    "pictures in another file": (lambda s: elsewhere(s.mp4, b"file:///etc/hostname"), "undecodable_video"),
    # Too much of something.
    "nine tracks": (lambda s: with_tracks(s.mp4, 9), "video_too_large"),
    "ten thousand tracks": (lambda s: with_tracks(s.mp4, 10_000), "unsupported_video"),
    "twenty megapixels": (lambda s: film("mp4", frames=2, size=(5120, 4096)), "video_too_large"),
    "a hundred megapixels told": (lambda s: film("avi", "rawvideo", frames=2, pix_fmt="bgr24").replace(
        struct.pack("<Ii", 160, -120), struct.pack("<Ii", 10000, -10000)), "video_too_large"),
    "grows on the way": (lambda s: s.ts + film("mpegts", frames=2, size=(5120, 4096)), FACELESS),
    "four thousand frames": (lambda s: film("matroska", "mpeg4", frames=4000, size=(64, 64), rate=100),
                             "video_too_large"),
    "63 pixels": (lambda s: film("matroska", size=(62, 62)), "undecodable_video"),
    # Odd, and whole.
    "turns its side on the way": (lambda s: s.ts + film("mpegts", size=(120, 160)), FACELESS),
    "pixels of ten bits": (lambda s: film("matroska", "ffv1", pix_fmt="yuv420p10le"), FACELESS),
    "pixels with alpha": (lambda s: film("matroska", "ffv1", pix_fmt="bgra"), FACELESS),
    "pixels in a palette": (lambda s: film("avi", "rawvideo", pix_fmt="rgb8"), BLACK),
    "pixels of grey": (lambda s: film("matroska", "ffv1", pix_fmt="gray"), FACELESS),
    "cartoon in flv": (lambda s: s.flv, FACELESS),
    "a video in a video": (lambda s: s.mp4 + s.mkv + s.mp4, FACELESS),
    "zip behind a video": (lambda s: s.mp4 + zipped(), FACELESS),
    "an edit of nothing": (lambda s: patched(s.mp4, b"elst", 12, U32), "undecodable_video"),
    "a clock that runs over": (lambda s: film("mpegts", options={"output_ts_offset": "95443"}), FACELESS),
    "before its time": (lambda s: film("matroska", options={"output_ts_offset": "-9",
                                                            "avoid_negative_ts": "disabled"}), FACELESS),
}  # fmt: skip
