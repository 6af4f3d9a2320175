"""Chooses the motion frames of a clip from the frames' times: those in which faces are searched."""

from __future__ import annotations

MOTION_FPS = 8.0
MOTION_FRAMES = 180


class MotionClock:
    """Decides for each frame, in the order shown, whether it is a motion frame: at most 8 a second, and 360 in all.

    Args:
        expected_seconds: length as the container states it; a long clip gets fewer motion frames a second, so that
            their number and with it the memory stays bounded.
    """

    def __init__(self, expected_seconds: float | None) -> None:
        span = max(expected_seconds or 0.0, 1.0)
        self._step = max(1.0 / MOTION_FPS, span / MOTION_FRAMES)
        self._due = 0.0
        self._count = 0

    def chooses(self, time: float) -> bool:
        """Whether the next frame, at `time` in seconds from the first, is a motion frame."""
        if time + 1e-6 < self._due or self._count == 2 * MOTION_FRAMES:
            return False
        self._due = max(self._due + self._step, time + self._step / 2)
        self._count += 1
        if self._count % MOTION_FRAMES == 0:  # The stated length was wrong: from here on, half as many.
            self._step *= 2
        return True
