"""What the library judges: a path, a URL, bytes, a file object, or an array of frames with their times."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal

import av
import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness import VideoTooLarge

Source = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | npt.NDArray[np.uint8]
"""A path, an http(s) URL, the bytes of a file, a file object opened in binary, or an array of pixels."""
Order = Literal["rgb", "bgr"]
"""The order of the colours in an array: `rgb` in PIL, PyAV and imageio, `bgr` in OpenCV."""
MOST_BYTES = 30_000_000


def is_array(source: object) -> bool:
    """Whether the source is an array of pixels, or a list of pictures."""
    return isinstance(source, list | tuple) or (hasattr(source, "__array__") and not isinstance(source, memoryview))


@contextmanager
def opened(source: object, *, private: bool) -> Iterator[Path]:
    """The file of a source that is no array, while the block runs; bytes lie in a temporary file meanwhile.

    Raises:
        IntakeError: the URL cannot be fetched.
        VideoTooLarge: it has more than 30 MB.
        TypeError: it is nothing that can be judged.
    """
    if isinstance(source, str | os.PathLike) and not is_url(source):
        yield Path(source)
        return
    with tempfile.TemporaryDirectory(prefix="alive402-") as folder:
        path = Path(folder, "media")
        if isinstance(source, str | os.PathLike):
            from alive402.intake import FetchLimits, fetch_file

            asyncio.run(fetch_file(str(source), path, FetchLimits(allow_private=private)))
        else:
            path.write_bytes(content_of(source))
        yield path


def is_url(source: object) -> bool:
    """Whether the source is an http(s) URL."""
    return isinstance(source, str) and source.startswith(("http://", "https://"))


def content_of(source: object) -> bytes:
    """The bytes of a source that is neither a path nor a URL nor an array."""
    if isinstance(source, bytes | bytearray | memoryview):
        content = bytes(source)
    elif hasattr(source, "read"):
        content = source.read(MOST_BYTES + 1)
        if not isinstance(content, bytes):
            raise TypeError("The file object gives text. Open it in binary: open(path, 'rb').")
    else:
        raise TypeError(
            f"{type(source).__name__} cannot be judged. Give a path, a URL, bytes, a file object or an array of frames."
        )
    if len(content) > MOST_BYTES:
        raise VideoTooLarge(f"There are more than {MOST_BYTES / 1e6:.0f} MB. Give a shorter or smaller one.")
    return content


def frames_of(
    source: Any, times: Sequence[float] | npt.NDArray[np.floating[Any]] | None, fps: float | None, order: Order | None
) -> Iterator[tuple[float, av.VideoFrame]]:
    """The frames of an array, each with its time; nothing is copied before a frame is read.

    Raises:
        TypeError, ValueError: the order of the colours or the times are missing or do not fit, or these are no frames.
    """
    checked = _order(order)
    count = len(source)
    if (times is None) is (fps is None):
        raise TypeError("Frames need their times: give times=[seconds, ...], one for each frame, or fps=.")
    seconds = np.arange(count) / fps if fps else np.asarray(times, np.float64)
    if seconds.shape != (count,) or not np.isfinite(seconds).all() or (np.diff(seconds) <= 0).any():
        raise ValueError(f"There are {count} frames: give as many rising times in seconds.")
    for place in range(min(count, 1)):
        pixels_of(source[place], order)
    return (
        (float(time), av.VideoFrame.from_ndarray(pixels_of(frame, order), format=f"{checked}24"))
        for time, frame in zip(seconds, source, strict=True)
    )


def pixels_of(picture: Any, order: Order | None) -> npt.NDArray[np.uint8]:
    """One picture as (h, w, 3) uint8, contiguous, in its own order of colours.

    Raises:
        TypeError, ValueError: the order is missing, or it is no such picture.
    """
    _order(order)
    pixels = np.asarray(picture)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(
            f"A frame is {pixels.dtype} of shape {pixels.shape}; give uint8 of shape (height, width, 3): a clip is "
            "(frames, height, width, 3), or a list of frames."
        )
    return np.ascontiguousarray(pixels)


def encoded(picture: Any, order: Order | None) -> bytes:
    """One picture as a PNG file."""
    pixels = pixels_of(picture, order)
    return cv2.imencode(".png", pixels if order == "bgr" else pixels[..., ::-1])[1].tobytes()


def _order(order: Order | None) -> Order:
    if order not in ("rgb", "bgr"):
        raise TypeError("Say the order of the colours: order='rgb' (PIL, PyAV, imageio) or order='bgr' (OpenCV).")
    return order
