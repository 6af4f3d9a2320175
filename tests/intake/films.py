"""Small valid videos without a face, in any container and codec; hostile files are made from them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np


def pictures(count: int, width: int = 160, height: int = 120) -> Iterator[av.VideoFrame]:
    """A bright square that moves over a grey field."""
    for index in range(count):
        plane = np.full((height, width, 3), 90, np.uint8)
        left = index * 3 % max(1, width - 20)
        plane[height // 3 : height // 3 + 20, left : left + 20] = (40, 160, 230)
        yield av.VideoFrame.from_ndarray(plane, format="bgr24")


def written(container: str, fill: Callable[[Any], None], options: dict[str, str] | None = None) -> bytes:
    """A whole file, written to disk first because some containers are finished at their end."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "film")
        with av.open(str(out), "w", format=container, options=options or {}) as file:
            fill(file)
        return out.read_bytes()


def film(
    container: str,
    codec: str = "libx264",
    frames: int = 18,
    size: tuple[int, int] = (160, 120),
    rate: Fraction | int = 15,
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
) -> bytes:
    """A complete video without a face."""

    def fill(file: Any) -> None:
        quick = {"preset": "ultrafast", "crf": "30", "threads": "1"} if codec == "libx264" else {"threads": "1"}
        stream = file.add_stream(codec, rate=rate, options=quick)
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        if frames == 0:
            file.start_encoding()
            return
        for picture in pictures(frames, *size):
            file.mux(stream.encode(picture))
        file.mux(stream.encode(None))

    return written(container, fill, options)


def sound(container: str, codec: str) -> bytes:
    """One second of silence, without video."""

    def fill(file: Any) -> None:
        stream = file.add_stream(codec, rate=44100)
        for start in range(0, 44100, 1024):
            frame = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            frame.sample_rate, frame.pts = 44100, start
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))

    return written(container, fill)
