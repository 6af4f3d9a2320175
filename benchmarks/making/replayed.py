"""Misuses a live clip: another face put on it, or a part of it repeated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from benchmarks.making.places import Floats, Image, even, find, soiled

OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""Points of the face mesh along its outline."""
ANCHORS = (33, 263, 1, 61, 291, 199, 10, 152, 234, 454)
"""Points by which the still's face is aligned with the clip's: eyes, nose, mouth, chin, forehead, cheeks."""


def face_swap(
    picture: Image, frames: Sequence[Image], seconds: float, rate: float, rng: np.random.Generator
) -> Iterator[Image]:
    """The still's face laid on the face of a live clip, frame by frame, with matched colour and feathered edge.

    Raises:
        ValueError: no face in the picture or in any frame.
    """
    source = find(picture)
    soft = rng.uniform(0.04, 0.1)
    last: Floats | None = None
    for frame in ping_pong(picture, frames, seconds, rate, np.random.default_rng(0), len(frames)):
        try:
            marks = find(frame).marks
        except ValueError:
            if last is None:
                yield frame
                continue
            marks = last
        last = marks if last is None else np.asarray(0.3 * last + 0.7 * marks, np.float32)
        yield _laid(picture, source.marks, frame, last, soft)


def loop(
    picture: Image, frames: Sequence[Image], seconds: float, rate: float, rng: np.random.Generator
) -> Iterator[Image]:
    """About one second of the clip, repeated from its start, with fresh noise."""
    length = _length(frames, rate, rng)
    start, sigma = int(rng.integers(0, len(frames) - length + 1)), rng.choice([0.0, 2.0, 4.0])
    for place in range(round(seconds * rate)):
        yield soiled(even(frames[start + place % length]), rng, sigma)


def ping_pong(
    picture: Image,
    frames: Sequence[Image],
    seconds: float,
    rate: float,
    rng: np.random.Generator,
    length: int | None = None,
) -> Iterator[Image]:
    """About one second of the clip, forth and back, with fresh noise; `length` in frames makes it deterministic."""
    sigma = 0.0 if length else rng.choice([0.0, 2.0, 4.0])
    length = length or _length(frames, rate, rng)
    start = int(rng.integers(0, len(frames) - length + 1))
    period = max(1, 2 * length - 2)
    for place in range(round(seconds * rate)):
        there = place % period
        yield soiled(even(frames[start + min(there, period - there)]), rng, sigma)


def _length(frames: Sequence[Image], rate: float, rng: np.random.Generator) -> int:
    return min(len(frames), max(2, round(rng.uniform(0.7, 1.6) * rate)))


def _laid(picture: Image, theirs: Floats, frame: Image, marks: Floats, soft: float) -> Image:
    height, width = frame.shape[:2]
    anchors = list(ANCHORS)
    plane, _ = cv2.findHomography(theirs[anchors], marks[anchors], 0)
    if plane is None:
        return frame
    face = cv2.warpPerspective(picture, plane, (width, height), borderMode=cv2.BORDER_REFLECT_101).astype(np.float32)
    outline = marks[list(OVAL)]
    inner = outline.mean(axis=0) + (outline - outline.mean(axis=0)) * 0.88
    mask = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(inner.round().astype(np.int32)), 255)
    inside = mask > 0
    if not inside.any():
        return frame
    mine, other = face[inside], frame[inside].astype(np.float32)
    gain = (other.std(axis=0) + 1) / (mine.std(axis=0) + 1)
    face = (face - mine.mean(axis=0)) * gain + other.mean(axis=0)
    wide = float(outline[:, 0].max() - outline[:, 0].min())
    alpha = cv2.GaussianBlur(mask, (0, 0), max(1.0, soft * wide)).astype(np.float32)[..., None] / 255
    return np.asarray(np.clip(face * alpha + frame * (1 - alpha), 0, 255), np.uint8)
