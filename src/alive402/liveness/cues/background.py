"""Measures the motion of the background, at the border of the frame, for the cue `bezel`."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]

BORDER = 0.16
"""Share of the frame at its left, right and upper border that is taken for the background; below the face is the
body."""
LEAST_POINTS = 5
"""Least number of background points; with fewer, the background's motion is unknown."""
AGREED = 2.0
"""Most distance in px at which two background points still move alike."""
STILL, MOST = 0.25, 0.4
"""Shares of the background points. If at least a quarter stays in place, the camera is still and something passes by,
because a shaken camera leaves no point in place. Any other motion needs the larger share."""
FOLLOWING = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10, 0.03)
"""Stop criterion for following a background point: 10 steps, or a step below 0.03 px."""
UNCHANGED, BARE = 4.0, 0.5
"""Most change in gray levels, and the share of a border without points that must stay below it for the border to count
as still."""


def background_motion(frames: list[Image], middles: Doubles, widths: Doubles) -> tuple[Doubles, npt.NDArray[np.int64]]:
    """(n, 2) motion of the frame's border in px, and (n,) index of the stretch that each frame belongs to.

    A new stretch begins at 0 where the motion is lost; frames of two stretches cannot be compared. Corners (Shi and
    Tomasi 1994) are followed by pyramidal Lucas-Kanade (Bouguet 2001), forward and back.

    Args:
        frames: n gray pictures of one size.
        middles, widths: (n, 2) and (n,), the face in them, px; it is no background.
    """
    moved, stretch = np.zeros((len(frames), 2)), np.zeros(len(frames), np.int64)
    height, width = frames[0].shape
    for place, (before, after) in enumerate(pairwise(frames)):
        mask = np.full((height, width), 255, np.uint8)
        mask[round(BORDER * height) :, round(BORDER * width) : width - round(BORDER * width)] = 0
        left, top = np.clip(middles[place] - 1.1 * widths[place], 0, None).astype(int)
        right, bottom = np.clip(middles[place] + 1.1 * widths[place], 0, None).astype(int)
        mask[top:bottom, left:right] = 0
        shift = _shift(before, after, mask)
        stretch[place + 1] = stretch[place] + (shift is None)
        moved[place + 1] = 0.0 if shift is None else moved[place] + shift
    return moved, stretch


def _shift(before: Image, after: Image, mask: Image) -> Doubles | None:
    """(2,) px, the motion shared by most points under `mask`; None when the background cannot be tracked."""
    points = cv2.goodFeaturesToTrack(before, 60, 0.02, 5, mask=mask)
    if points is not None and len(points) >= LEAST_POINTS:
        there, seen = _followed(before, after, np.asarray(points, np.float32))
        back, again = _followed(after, before, there)
        error = np.abs(back - points).reshape(-1, 2).max(axis=1)
        motion = (there - points).reshape(-1, 2)[seen & again & (error < 1.0)]
        if len(motion) >= LEAST_POINTS:
            if float((np.abs(motion).max(axis=1) < AGREED).mean()) >= STILL:
                return np.zeros(2)
            alike = np.abs(motion[:, None] - motion[None]).max(axis=2) < AGREED
            if float(alike.mean(axis=1).max()) >= MOST:
                return np.asarray(np.median(motion[alike[alike.sum(axis=1).argmax()]], axis=0), np.float64)
    outer = cv2.absdiff(before, after)[mask > 0]
    return np.zeros(2) if outer.size and float((outer <= UNCHANGED).mean()) >= BARE else None


def _followed(before: Image, after: Image, points: Singles) -> tuple[Singles, npt.NDArray[np.bool_]]:
    """The (n, 1, 2) points' places in the other frame, and which were found."""
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        before, after, points, None, winSize=(15, 15), maxLevel=3, criteria=FOLLOWING
    )
    return np.asarray(there, np.float32), found[:, 0] > 0
