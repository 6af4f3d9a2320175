"""Measures the change of a face between far-apart frames after smooth motion is removed: life, or only noise.

A picture of a face, shown flat, bent, panned, shaken or warped by a made-up depth, moves by a smooth map of low order;
a quadratic one covers a rigid sheet seen in perspective and a bent one. A living face also blinks, speaks, and changes
its shading as it turns. So two leftovers are measured for each pair of frames: where the followed points are off the
map (compare Hartley and Zisserman 2004, ch. 13), and how far gray levels differ at the place that the map names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.cues.still.following import Following, Pair

Doubles = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]

COLUMNS, ROWS = 48, 56
"""Number of places across and down the face box at which the face is compared."""
CELLS, LEAST_IN_CELL = 3, 4
UPPER_CELLS = 6
"""Number of cells in the face's upper two thirds, which a mouth does not move."""
FARTHEST = 0.1
"""Distance in face widths at which a point's distance is capped, because a farther point was lost."""
PLANE_PX, PLANE_STEPS = 1.0, 300
ROUNDS = 4
SLOPE, FLOOR = 0.25, 0.3
"""Placement error of a point in px, and rounding error in gray levels; both explain a difference."""

EDGE, LEAST_SEEN = 4, 0.6
"""Border of a frame in px that is not compared, and the least share of the face that both frames must show."""

_X, _Y = (np.asarray(one, np.float64) for one in np.meshgrid(np.arange(COLUMNS), np.arange(ROWS)))
_ACROSS, _DOWN = (_X + 0.5) / COLUMNS, (_Y + 0.5) / ROWS
FACE = ((_ACROSS - 0.5) / 0.5) ** 2 + ((_DOWN - 0.5) / 0.5) ** 2 < 1
"""(56, 48) bool, the face within its box (forehead to chin)."""
_EYES = (_DOWN > 0.2) & (_DOWN < 0.5) & (abs(_ACROSS - 0.5) < 0.4)
_MOUTH = (_DOWN > 0.6) & (abs(_ACROSS - 0.5) < 0.33)
MOVING = FACE & (_EYES | _MOUTH)
"""(56, 48) bool, the parts of a face that move on their own: around the eyes and the mouth."""
REST = FACE & ~MOVING
EYES = FACE & _EYES
TOP = 24
"""Number of places that change most, of which the mean is taken."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """The remaining change of one pair of frames. Lengths are in face widths, changes in multiples of noise.

    Attributes:
        upper: how far the head's upper two thirds are off the homography of the whole picture, noise taken out.
        motion: rms way of the face's points.
        bend: how far the face's cells are off the best quadratic map, noise taken out.
        most: 95th and 99th percentile of the face's change.
        rest: 95th percentile of the change outside of eyes and mouth.
    """

    upper: float
    motion: float
    bend: float
    most: tuple[float, float]
    rest: float


def eyes_and_rest(followed: Following, pairs: Iterable[Pair]) -> list[tuple[float, float]]:
    """How much the places that change most do, around the eyes and outside of eyes and mouth, for each pair of frames.

    In multiples of noise; pairs without a fitted map are left out.
    """
    face = Face(followed)
    return [one for pair in pairs if (one := face.parts(pair)) is not None]


class Face:
    """The face of the reference frame, which is compared with that of other frames."""

    def __init__(self, followed: Following) -> None:
        self._followed = followed
        width, height = followed.sides
        self._spread = max(0.8, 0.7 * width / COLUMNS)
        places = (_ACROSS - 0.5) * width, (_DOWN - 0.5) * height
        self._places = np.stack([place.ravel() for place in places], axis=1) + followed.middle
        self._gray = self._sampled(followed.picture, self._places)
        self._inside = self._within(self._places)
        slope = (cv2.Sobel(self._gray, cv2.CV_32F, x, 1 - x, scale=1 / 8) for x in (1, 0))
        self._slope = np.hypot(*slope)
        cells = (followed.points - followed.middle) / followed.sides * CELLS + CELLS / 2
        cells = np.clip(cells.astype(int), 0, CELLS - 1)
        self._cell = np.where(followed.on_face, cells[:, 1] * CELLS + cells[:, 0], -1)

    def compare(self, pair: Pair) -> Leftover | None:
        """Measures a pair of frames; None without a fitted map."""
        followed, width = self._followed, float(self._followed.sides[0])
        head = pair.kept & followed.on_face
        upper = self._upper(pair)
        if upper is None:
            return None
        chosen, off = self._map(pair)
        bend = _root([*self._squares(off / width, followed.weights[head], self._cell[head]).values()])
        moved = pair.seen[head] - followed.points[head].astype(np.float64)
        motion = float(np.sqrt((moved**2).sum(axis=1).mean())) / width
        compared = self._change(pair, chosen)
        if compared is None:
            return None
        change, seen = compared
        most = np.percentile(change[FACE & seen], [95, 99]).tolist()
        rest = float(np.percentile(change[REST & seen], 95))
        return Leftover(upper, motion, bend, (most[0], most[1]), rest)

    def parts(self, pair: Pair) -> tuple[float, float] | None:
        """The change of one pair, as `eyes_and_rest` gives it."""
        compared = self._change(pair, self._map(pair)[0])
        if compared is None:
            return None
        change, seen = compared
        eyes, rest = (float(np.sort(change[part & seen])[-TOP:].mean()) for part in (EYES, REST))
        return eyes, rest

    def _map(self, pair: Pair) -> tuple[Doubles, Doubles]:
        """The quadratic map of the face's points (6, 2), and how far each is off it in px (n, 2)."""
        followed, head = self._followed, pair.kept & self._followed.on_face
        start = (followed.points[head].astype(np.float64) - followed.middle) / float(followed.sides[0])
        return _quadratic(start, pair.seen[head], followed.weights[head])

    def _upper(self, pair: Pair) -> float | None:
        """How far the head's upper cells are off the homography of everything, in face widths."""
        followed, width = self._followed, float(self._followed.sides[0])
        points = followed.points.astype(np.float64)
        plane, _ = cv2.findHomography(
            points[pair.kept], pair.aligned[pair.kept], cv2.RANSAC, PLANE_PX, maxIters=PLANE_STEPS
        )
        if plane is None:
            return None
        off = (pair.aligned - cv2.perspectiveTransform(points[:, None], plane)[:, 0]) / width
        off *= np.minimum(1.0, FARTHEST / np.maximum(np.linalg.norm(off, axis=1), 1e-9))[:, None]
        squares = self._squares(off[pair.kept], followed.weights[pair.kept], self._cell[pair.kept])
        upper = [square for cell, square in squares.items() if cell < UPPER_CELLS]
        return _root(upper) if upper else None

    @staticmethod
    def _squares(off: Doubles, weights: Doubles, cells: npt.NDArray[np.int64]) -> dict[int, float]:
        """Squared length of the mean of `off` in each cell with enough points, noise subtracted."""
        members = {cell: cells == cell for cell in range(CELLS**2)}
        return {
            cell: _squared_mean(off[mine], weights[mine])
            for cell, mine in members.items()
            if mine.sum() >= LEAST_IN_CELL
        }

    def _change(self, pair: Pair, chosen: Doubles) -> tuple[Singles, npt.NDArray[np.bool_]] | None:
        """(56, 48) change of the face in multiples of noise, and (56, 48) bool, the places that both frames show.

        None when much of the face is outside one of the frames.
        """
        followed = self._followed
        targets = _terms((self._places - followed.middle) / float(followed.sides[0])) @ chosen
        gray = self._sampled(pair.picture, targets)
        seen = self._inside & self._within(targets)
        both = FACE & seen
        if both.sum() < LEAST_SEEN * FACE.sum() or (REST & seen).sum() < LEAST_SEEN * REST.sum():
            return None
        here, there = self._gray[both], gray[both]
        gain = float(((here - here.mean()) * (there - there.mean())).mean()) / max(float(there.var()), 1e-6)
        differs = abs(self._gray - (here.mean() + gain * (gray - there.mean())))
        noise = float(np.median(differs[both]))
        change = differs / (noise + SLOPE * self._slope + FLOOR)
        return change.astype(np.float32), seen

    def _within(self, places: Doubles) -> npt.NDArray[np.bool_]:
        """(56, 48) bool, which of the places are inside the frame and away from its edge."""
        height, width = self._followed.picture.shape
        inside = ((places >= EDGE) & (places <= [width - 1 - EDGE, height - 1 - EDGE])).all(axis=1)
        return np.asarray(inside.reshape(ROWS, COLUMNS), np.bool_)

    def _sampled(self, picture: npt.NDArray[np.uint8], places: Doubles) -> Singles:
        """(56, 48) float32, smoothed gray levels at (56 * 48, 2) places."""
        low = np.clip(places.min(axis=0) - 8, 0, [picture.shape[1] - 1, picture.shape[0] - 1]).astype(int)
        high = np.clip(places.max(axis=0) + 9, 1, [picture.shape[1], picture.shape[0]]).astype(int)
        high = np.maximum(high, low + 1)
        part = cv2.GaussianBlur(picture[low[1] : high[1], low[0] : high[0]], (0, 0), self._spread)
        x, y = (np.clip(places[:, axis] - low[axis], -1e4, 1e4) for axis in (0, 1))
        x, y = (one.reshape(ROWS, COLUMNS).astype(np.float32) for one in (x, y))
        return np.asarray(cv2.remap(part, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _terms(points: Doubles) -> Doubles:
    """(n, 6) terms of a quadratic map for (n, 2) points."""
    x, y = points.T
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)


def _quadratic(start: Doubles, end: Doubles, weights: Doubles) -> tuple[Doubles, Doubles]:
    """The quadratic map (6, 2) that explains most points, by reweighted least squares; and the (n, 2) residuals."""
    terms, root = _terms(start), np.sqrt(weights)
    for _ in range(ROUNDS):
        chosen = np.linalg.lstsq(terms * root[:, None], end * root[:, None], rcond=None)[0]
        off = end - terms @ chosen
        far = np.linalg.norm(off, axis=1)
        root = np.sqrt(weights / (1 + (far / (1.5 * np.median(far) + 1e-6)) ** 2))
    return np.asarray(chosen, np.float64), np.asarray(off, np.float64)


def _squared_mean(off: Doubles, weights: Doubles) -> float:
    """Squared length of the weighted mean of (n, 2) vectors, minus the part due to their own scatter (may be < 0)."""
    scaled = weights[:, None] * off
    total = scaled.sum(axis=0)
    own = float((scaled**2).sum())
    return (float(total @ total) - own) / max(float(weights.sum() ** 2 - (weights**2).sum()), 1e-12)


def _root(squares: list[float]) -> float:
    return float(np.sqrt(max(0.0, float(np.mean(squares))))) if squares else 0.0
