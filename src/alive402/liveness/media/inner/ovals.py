"""Finds an oval cut-out: one drawn colour all around an upright ellipse."""

from __future__ import annotations

import cv2
import numpy as np

from alive402.liveness.media.inner.edges import FLAT, SMOOTH, Frames, flat, middle_levels

LEAST_OVAL, LIKE_OVAL = 0.03, 0.95
"""Least size as a share of the frame, and least intersection over union with the ellipse of the same moments."""
ROUND, MOST_SLANT, SOLID = 0.1, 6.0, 0.9
"""Most difference of the axes of a circle; most lean of an oval in degrees; most share of its hull in another
colour."""
OVAL_SIDE = 160
"""Longest side in px to which a frame is shrunk to search for an oval."""


def oval(frames: Frames) -> tuple[float, float, float, float] | None:
    """Find the left, top, right and bottom ends, px, of an upright ellipse with one drawn colour around it.

    The frame may cut off its ends, so the ellipse is fitted to the visible part of its rim (Fitzgibbon et al. 1999,
    "Direct Least Square Fitting of Ellipses").
    """
    height, width = frames.low.shape[:2]
    corner = max(2, min(height, width) // 20)
    ends = slice(corner), slice(-corner, None)
    corners = [
        middle_levels(frames.low[rows, columns], frames.high[rows, columns]) for rows in ends for columns in ends
    ]
    colours = [np.median(one, axis=0) for one in corners]
    smooth = [np.median(np.abs(one - colour)) <= SMOOTH for one, colour in zip(corners, colours, strict=True)]
    colour = np.median(colours, axis=0)
    if sum(bool(even and np.abs(one - colour).max() <= FLAT) for even, one in zip(smooth, colours, strict=True)) < 3:
        return None
    shrink = min(1.0, OVAL_SIDE / max(height, width))
    size = max(2, round(width * shrink)), max(2, round(height * shrink))
    flat_px = flat(frames.low, frames.high, colour)
    other = (cv2.resize((~flat_px).astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5).astype(np.uint8)
    contours, _ = cv2.findContours(other, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(contours, key=cv2.contourArea, default=None)
    if largest is None or cv2.contourArea(largest) < LEAST_OVAL * size[0] * size[1]:
        return None
    hull = cv2.convexHull(largest)[:, 0]
    rim = hull[((hull > 1) & (hull < np.array(size) - 2)).all(axis=1)]
    if len(rim) < 8:
        return None
    middle, axes, angle = cv2.fitEllipseDirect(rim.astype(np.float32))
    if not np.isfinite([*middle, *axes, angle]).all() or max(axes) > 4 * max(size):
        return None
    square = abs(axes[0] - axes[1]) < ROUND * max(axes)
    if not square and abs((angle + 45) % 90 - 45) > MOST_SLANT:
        return None
    across = axes[::-1] if not square and 45 < angle % 180 < 135 else axes
    shape, ellipse = np.zeros_like(other), np.zeros_like(other)
    cv2.fillConvexPoly(shape, hull, 1)
    cv2.ellipse(ellipse, (middle, across, 0.0), 1, -1)
    if (shape & ellipse).sum() < LIKE_OVAL * (shape | ellipse).sum() or cv2.contourArea(largest) < SOLID * shape.sum():
        return None
    left, top = np.array(middle) - np.array(across) / 2 + 1
    right, bottom = np.array(middle) + np.array(across) / 2
    back = np.array([width / size[0], height / size[1]] * 2)
    ends = np.array([left, top, right, bottom]) * back
    return float(ends[0]), float(ends[1]), float(ends[2]), float(ends[3])
