"""Conditions of graphics laid over the picture: a news banner, a detector's frame around the face, a watermark."""

from __future__ import annotations

import cv2
import numpy as np

from benchmarks.making.conditions.condition import Condition
from benchmarks.making.conditions.geometry import FONT
from benchmarks.making.footage import Footage, Image

NEWS = "Markets rise again this week, and more is to come after the weekend"
WHITE = (255, 255, 255)


def news_banner(footage: Footage, rng: np.random.Generator) -> Footage:
    """A name on a plate, and a line of news that runs along the lower edge."""
    width, height = footage.size
    top, line, size = round(0.78 * height), height // 14, max(width, height) / 900

    def change(frame: Image, place: int) -> Image:
        seen = frame.copy()
        cv2.rectangle(seen, (round(0.06 * width), top), (round(0.8 * width), top + height // 9), (140, 40, 20), -1)
        _write(seen, "Jane Doe, analyst", (round(0.08 * width), top + height // 14), size)
        cv2.rectangle(seen, (0, height - line), (width, height), (20, 20, 200), -1)
        _write(seen, NEWS[int(footage.times[place] * 6) :], (6, height - max(line // 4, 4)), size)
        return seen

    return footage.each(change)


def face_box(footage: Footage, rng: np.random.Generator) -> Footage:
    """The frame and the score that a face detector draws around the face; it moves with the face."""

    def change(frame: Image, place: int) -> Image:
        box = footage.boxes[place]
        if np.isnan(box).any():
            return frame
        seen = frame.copy()
        x1, y1, x2, y2 = (int(value) for value in box)
        cv2.rectangle(seen, (x1, y1), (x2, y2), (0, 255, 0), 2)
        cv2.putText(seen, "face 0.98", (x1, max(y1 - 6, 12)), FONT, 0.5, (0, 255, 0), 1, cv2.LINE_AA)
        return seen

    return footage.each(change)


def watermark(footage: Footage, rng: np.random.Generator) -> Footage:
    """A word repeated all over the picture, slanted and half transparent."""
    width, height = footage.size
    ink = np.zeros((height, width), np.float32)
    for row, y in enumerate(range(40, height + 40, 90)):
        for x in range(-60, width, 200):
            cv2.putText(ink, "SAMPLE", (x + 90 * (row % 2), y), FONT, 0.9, (1.0,), 2, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 25, 1.3)
    share = 0.35 * cv2.warpAffine(ink, turn, (width, height))[..., None]
    return footage.each(lambda frame, _: (frame * (1 - share) + 255 * share + 0.5).astype(np.uint8))


def _write(seen: Image, text: str, at: tuple[int, int], size: float) -> None:
    cv2.putText(seen, text, at, FONT, size, WHITE, 1, cv2.LINE_AA)


GRAPHICS = (
    Condition("news banner", "A name on a plate, and news that run along the lower edge.", "covered", news_banner),
    Condition("face box", "A detector's frame around the face, which moves with it.", "covered", face_box),
    Condition("watermark", "A word repeated all over the picture, half transparent.", "covered", watermark),
)
