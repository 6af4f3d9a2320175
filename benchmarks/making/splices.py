"""Splices parts of several clips into one file, by hard cuts or cross-fades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness import VideoFile

Image = npt.NDArray[np.uint8]

FPS = 25
LARGEST_SIDE = 1280


@dataclass(frozen=True)
class Part:
    """Seconds `start` to `start + seconds` of a clip; fewer if the clip ends before."""

    path: Path
    start: float
    seconds: float


def splice(
    parts: Sequence[Part], out: Path, fade: float = 0.0, bars: bool = False, options: dict[str, str] | None = None
) -> list[float]:
    """Write the parts one after another as H.264 at 25 frames a second, in the size of the first part.

    Args:
        parts: at least one.
        out: the file to write; its suffix names the container.
        fade: seconds over which a part turns into the next; 0 cuts.
        bars: a part of another shape gets black bars; else it is enlarged to cover the picture.
        options: of the encoder x264.

    Returns:
        Seconds at which each part but the first begins to show.
    """
    films = [frames_of(part) for part in parts]
    height, width = films[0][0].shape[:2]
    shrink = min(1.0, LARGEST_SIDE / max(height, width))
    size = round(width * shrink / 2) * 2, round(height * shrink / 2) * 2
    made: list[Image] = []
    begins = []
    for film in films:
        fitted = [_fitted(one, size, bars) for one in film]
        overlap = min(round(fade * FPS), len(made), len(fitted)) if made else 0
        if made:
            begins.append((len(made) - overlap) / FPS)
        for place in range(overlap):
            share = (place + 1) / (overlap + 1)
            before = made[len(made) - overlap + place]
            made[len(made) - overlap + place] = np.asarray(
                cv2.addWeighted(before, 1 - share, fitted[place], share, 0), np.uint8
            )
        made += fitted[overlap:]
    write(made, out, options)
    return begins


def write(frames: Sequence[Image], out: Path, options: dict[str, str] | None = None) -> None:
    """Write (h, w, 3) uint8 BGR frames of one size as H.264 at 25 frames a second; an odd last row or column is cut."""
    height, width = (side // 2 * 2 for side in frames[0].shape[:2])
    frames = [frame[:height, :width] for frame in frames]
    with av.open(str(out), "w") as file:
        stream = file.add_stream(
            "libx264", rate=FPS, options=options or {"preset": "veryfast", "crf": "21", "mbtree": "0"}
        )
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for one in frames:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(one, format="bgr24")))
        file.mux(stream.encode(None))


def frames_of(part: Part) -> list[Image]:
    """The part at 25 frames a second: each instant shows the newest frame, as a player does."""
    taken: list[Image] = []
    with VideoFile(part.path) as file:
        for frame in file:
            if frame.time >= part.start + part.seconds:
                break
            if frame.time >= part.start:
                due = int((frame.time - part.start) * FPS) + 1
                taken += [frame.bgr()] * max(1 if not taken else 0, due - len(taken))
    if not taken:
        raise ValueError(f"{part.path} has no frame from {part.start} s on")
    return taken


def _fitted(image: Image, size: tuple[int, int], bars: bool) -> Image:
    """The picture in `size`, (width, height): cropped to fill it, or whole with black bars."""
    width, height = size
    ratios = width / image.shape[1], height / image.shape[0]
    scale = min(ratios) if bars else max(ratios)
    inside = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    scaled = cv2.resize(image, inside, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    canvas = np.zeros((height, width, 3), np.uint8)
    high, wide = min(height, scaled.shape[0]), min(width, scaled.shape[1])
    top, left = (scaled.shape[0] - high) // 2, (scaled.shape[1] - wide) // 2
    to, at = (height - high) // 2, (width - wide) // 2
    canvas[to : to + high, at : at + wide] = scaled[top : top + high, left : left + wide]
    return canvas
