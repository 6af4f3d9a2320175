"""Detects abrupt changes of the picture while the frames stream by: possible cuts.

The test is quick and has false alarms: it only decides of which faces more looks are kept. `decision/cuts.py` finds the
real cuts afterwards.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.media import THUMB_SIDE, Frame

SIDES = 32
CHANGED = 0.22
"""One minus the correlation of two motion frames at 32 x 32 px, above which the picture has changed. Cuts between two
scenes start at 0.25."""
LATELY = 0.5


class SceneChanges:
    """Compares each motion frame of a clip with the one before."""

    def __init__(self) -> None:
        self._last: npt.NDArray[np.float32] | None = None
        self._when: float | None = None

    def at(self, frame: Frame) -> bool:
        """Whether the picture has changed since the previous frame."""
        now = normalized(frame.small(THUMB_SIDE), SIDES)
        last, self._last = self._last, now
        changed = last is not None and 1.0 - float((now * last).sum()) >= CHANGED
        if changed:
            self._when = frame.time
        return changed

    def lately(self, time: float) -> bool:
        """Whether the picture has changed within half a second before `time`, in seconds."""
        return self._when is not None and time - self._when <= LATELY


def normalized(picture: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.float32]:
    """(side, side) float32 gray levels, mean 0 and length 1: the sum of the product of two is their correlation."""
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)
    gray -= gray.mean()
    gray /= max(float(np.linalg.norm(gray)), 1e-6)
    return np.asarray(gray, np.float32)
