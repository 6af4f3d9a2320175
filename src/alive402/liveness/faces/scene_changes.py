"""Notices, while the frames stream by, that the picture has changed at once: there may be a cut.

It is quick and easily alarmed: it only decides of which faces more looks are kept. Where a clip was really cut is
found afterwards, by `decision/cuts.py`.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.media.clip import THUMB_SIDE
from alive402.liveness.media.frame import Frame

SIDES = 32
CHANGED = 0.22
"""One minus the correlation of two motion frames at 32 x 32 px. Cuts between two scenes start at 0.25."""
LATELY = 0.5


class SceneChanges:
    """Compares each motion frame of a clip with the one before."""

    def __init__(self) -> None:
        self._last: npt.NDArray[np.float32] | None = None
        self._when: float | None = None

    def at(self, frame: Frame) -> bool:
        """Whether the picture has changed since the frame given before."""
        small = cv2.resize(frame.small(THUMB_SIDE), (SIDES, SIDES), interpolation=cv2.INTER_AREA)
        gray = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)
        gray -= gray.mean()
        gray /= max(float(np.linalg.norm(gray)), 1e-6)
        last, self._last = self._last, gray
        changed = last is not None and 1.0 - float((gray * last).sum()) >= CHANGED
        if changed:
            self._when = frame.time
        return changed

    def lately(self, time: float) -> bool:
        """Whether the picture has changed within half a second before `time`, in seconds."""
        return self._when is not None and time - self._when <= LATELY
