"""Small videos of flat colours and quarters: several tracks, rotations, pixel shapes, patched headers."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition

from alive402.liveness.media.container import VideoFile
from tests.conftest import Image

RED, GREEN, BLUE = (40, 40, 200), (40, 200, 40), (200, 40, 40)
OFF, ON = Disposition(0), Disposition.default
Colour = tuple[int, int, int]
QUICK = {"preset": "ultrafast", "crf": "12", "threads": "1"}
QUICK_VP8 = {"deadline": "realtime", "cpu-used": "16", "crf": "20", "b": "2M", "threads": "1"}


@dataclass(frozen=True)
class Track:
    """A video track of one colour; `noise` makes it take more bits."""

    colour: Colour
    size: tuple[int, int] = (128, 96)
    disposition: Disposition = OFF
    noise: int = 0
    frames: int = 12


def flat(colour: Colour, size: tuple[int, int], noise: int = 0, seed: int = 0) -> Image:
    """`(height, width, 3) uint8` of one colour, noise laid on it."""
    picture = np.full((size[1], size[0], 3), colour, np.uint8)
    if not noise:
        return picture
    grain = np.random.default_rng(seed).integers(-noise, noise + 1, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def quarters(width: int, height: int) -> Image:
    """Four flat quarters, all different, so that every rotation and mirror shows."""
    picture = np.empty((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2], picture[: height // 2, width // 2 :] = RED, GREEN
    picture[height // 2 :, : width // 2], picture[height // 2 :, width // 2 :] = BLUE, (220, 220, 220)
    return picture


def film(path: Path, tracks: Sequence[Track], sound_seconds: int = 0) -> Path:
    """A file of several video tracks, interleaved, and of silence that may last longer."""
    with av.open(str(path), "w") as file:
        streams = []
        for track in tracks:
            webm = path.suffix == ".webm"
            stream = file.add_stream("libvpx" if webm else "libx264", rate=25, options=QUICK_VP8 if webm else QUICK)
            stream.width, stream.height, stream.pix_fmt = *track.size, "yuv420p"
            stream.disposition = track.disposition
            streams.append(stream)
        silence = file.add_stream("libopus" if path.suffix == ".webm" else "aac", rate=16000) if sound_seconds else None
        if silence is not None:
            silence.layout = "mono"
        for index in range(max(track.frames for track in tracks)):
            for track, stream in zip(tracks, streams, strict=True):
                if index < track.frames:
                    picture = flat(track.colour, track.size, track.noise, index)
                    file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        for stream in streams:
            file.mux(stream.encode(None))
        if silence is not None:
            for start in range(0, 16000 * sound_seconds, 960):
                layout = "flt" if path.suffix == ".webm" else "fltp"
                frame = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.float32), format=layout, layout="mono")
                frame.sample_rate, frame.pts = 16000, start
                file.mux(silence.encode(frame))
            file.mux(silence.encode(None))
    return path


def moving(path: Path, pictures: Iterable[Image], aspect: Fraction | None = None) -> Path:
    """Pictures, which may change their size, as one track with its parameters in the packets (MPEG-TS)."""
    with av.open(str(path), "w") as file:
        stream, encoder, size, count = None, None, None, 0
        for count, picture in enumerate(pictures):
            if picture.shape[1::-1] != size:
                size = picture.shape[1::-1]
                if stream is None:
                    stream = file.add_stream("libx264", rate=25, options=QUICK)
                    encoder = stream.codec_context
                else:
                    file.mux(_of(stream, encoder.encode(None)))
                    encoder = av.CodecContext.create("libx264", "w")
                    encoder.options, encoder.framerate = QUICK, Fraction(25)
                encoder.time_base = Fraction(1, 25)
                encoder.width, encoder.height, encoder.pix_fmt = *size, "yuv420p"
                if aspect is not None:
                    encoder.sample_aspect_ratio = aspect
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24")
            frame.pts, frame.time_base = count, Fraction(1, 25)
            file.mux(_of(stream, encoder.encode(frame)))
        file.mux(_of(stream, encoder.encode(None)))
    return path


def _of(stream: av.VideoStream, packets: list[av.Packet]) -> list[av.Packet]:
    for packet in packets:
        packet.stream = stream
    return packets


def shown(path: Path) -> list[Image]:
    """Every frame of a file, as it is judged."""
    with VideoFile(path) as file:
        return [frame.bgr() for frame in file]


def colour_of(path: Path) -> Colour:
    """The one of the three colours that the file shows."""
    mean = shown(path)[0].reshape(-1, 3).mean(axis=0)
    return min((RED, GREEN, BLUE), key=lambda colour: float(np.abs(mean - colour).sum()))


def alike(picture: Image, expected: Image, most: float = 12.0) -> bool:
    """Whether two pictures of one shape are equal except for soft edges."""
    return picture.shape == expected.shape and float(np.abs(picture.astype(int) - expected).mean()) <= most


def with_box(path: Path, kinds: Sequence[bytes], box: bytes, nth: int = 0) -> Path:
    """An MP4 file, `moov` last, with a box added at the end of another, found by its path from the top.

    Args:
        kinds: the path; `nth` counts among the `trak` boxes.
    """
    content = path.read_bytes()
    path.write_bytes(_boxed(content, 0, len(content), tuple(kinds), box, nth))
    return path


HEADS = {b"stsd": 8, b"avc1": 78}
"""Bytes before the boxes in a box."""


def _boxed(content: bytes, at: int, end: int, kinds: tuple[bytes, ...], box: bytes, nth: int) -> bytes:
    if not kinds:
        return content[at:end] + box
    out = b""
    while at < end:
        size, kind = struct.unpack(">I4s", content[at : at + 8])
        whole = content[at : at + size]
        if kind == kinds[0]:
            if kind != b"trak" or nth == 0:
                head = 8 + HEADS.get(kind, 0)
                inner = whole[8:head] + _boxed(content, at + head, at + size, kinds[1:], box, nth)
                whole = struct.pack(">I4s", 8 + len(inner), kind) + inner
            nth -= kind == b"trak"
        out, at = out + whole, at + size
    return out


def element(identity: int, content: bytes) -> bytes:
    """One element of a Matroska file, its size in eight bytes."""
    name = identity.to_bytes((identity.bit_length() + 7) // 8, "big")
    return name + (1 << 56 | len(content)).to_bytes(8, "big") + content


def with_element(path: Path, identities: Sequence[int], added: bytes, nth: int = 0) -> Path:
    """A Matroska file with an element added in another, found by its path; `nth` counts among the tracks."""
    content = path.read_bytes()
    path.write_bytes(_nested(content, tuple(identities), lambda inner: inner + added, nth))
    return path


def _nested(content: bytes, identities: tuple[int, ...], change: Callable[[bytes], bytes], nth: int) -> bytes:
    if not identities:
        return change(content)
    out, at = b"", 0
    while at < len(content):
        start, length = at, 9 - content[at].bit_length()
        identity = int.from_bytes(content[at : at + length], "big")
        at += length
        length = 9 - content[at].bit_length()
        size = int.from_bytes(content[at : at + length], "big") & ((1 << 7 * length) - 1)
        at += length
        whole = content[start : at + size]
        if identity == identities[0]:
            if identity != 0xAE or nth == 0:
                whole = element(identity, _nested(content[at : at + size], identities[1:], change, nth))
            nth -= identity == 0xAE
        out, at = out + whole, at + size
    return out


def write_matrix(path: Path, rows: tuple[float, ...]) -> Path:
    """Put a transformation into the track header of an MP4: a b u, c d v, x y w."""
    content = bytearray(path.read_bytes())
    at = content.find(b"tkhd") + 4
    at += 4 + (32 if content[at] else 20) + 16
    values = [round(value * (1 << (30 if index % 3 == 2 else 16))) for index, value in enumerate(rows)]
    content[at : at + 36] = struct.pack(">9i", *values)
    path.write_bytes(bytes(content))
    return path
