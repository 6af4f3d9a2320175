"""Finds a player's button in one gray picture: a triangle or two bars on an even plate.

The mark is a triangle that points to the right, or two equal upright bars; what is around it is even; a disc or a plate
with straight sides bounds that. Shapes are found as contours (Suzuki and Abe 1985) at a few gray levels, and
distinguished by the smallest triangle around them (O'Rourke et al. 1986).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Box = tuple[int, int, int, int]

LEVELS = (80, 130, 190)
"""Gray levels at which contours are taken; at least one lies between the mark and its plate."""
MOST_CONTOURS, MOST_BLOBS = 400, 24
"""Most contours of one level (a picture with more is noise) and most blobs examined."""
LEAST_AREA, LEAST_SIDE, MOST_SIDE = 12.0, 5, 90
"""Least area in px², least and most side in px, of a mark; a face is searched at about 112 px."""

# Tight enough that no mark in the frames of a bona fide clip passes.
CONTRAST, EVENNESS = 60.0, 0.25
"""Least contrast between mark and plate, in gray levels; most spread of the plate next to the mark, as a share of the
contrast."""
TRIANGLE = 0.8
"""Least area of the mark divided by the area of its smallest enclosing triangle; a disc has .60, a square .50."""
MOST_TILT, MOST_SKEW = 25.0, 14.0
"""Most degrees by which the triangle's left side may lean, and by which its height may differ from a right angle to
it."""
PLATE, BARS_PLATE = 0.45, 0.65
"""Least share of directions in which the plate ends on one circle, or on the sides of one box. Bars are a more common
shape, so they need a larger share."""
LEAST_STEP, LEAST_LEVELS = 0.12, 12.0
"""Least step in gray levels at the plate's end: as a share of the contrast, in levels, and as three times the plate's
own spread."""
FINE_REACH = 16.0
"""Distance in px from a triangle's centre to its corners at the size at which its shape is judged."""

DIRECTIONS, STEPS, FARTHEST = 32, 48, 4.5
"""Directions in which the plate's end is searched, steps in each, and the farthest distance as a multiple of the mark's
reach."""
_ANGLES = np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
_RING = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1) * np.tile([1.25, 1.45], DIRECTIONS // 2)[:, None]
_CIRCLE = np.stack([np.ones(DIRECTIONS), np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)

_RAYS = (_CIRCLE[:, 1:].T[:, :, None] * (np.arange(STEPS) / STEPS)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Mark:
    """A triangle or two bars on an even ground, in px of its picture.

    Attributes:
        x, y: its centre of mass.
        reach: from there to its corners.
        ink: gray level.
        bars: two bars, not a triangle.
        plate: a disc or a box bounds the even ground.
    """

    x: float
    y: float
    reach: float
    ink: float
    bars: bool
    plate: bool = False


def marks(picture: Image) -> list[Mark]:
    """Finds triangles and pairs of bars on even ground in a gray picture; one mark may appear at several levels."""
    found = []
    for level in LEVELS:
        _, above = cv2.threshold(picture, level, 255, cv2.THRESH_BINARY)
        contours, _ = cv2.findContours(above, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        if len(contours) > MOST_CONTOURS:
            continue
        blobs, bars = _blobs(contours, picture)
        for mark in (*blobs[:MOST_BLOBS], *_pairs(bars[:MOST_BLOBS], picture)):
            judged = _judged(picture, mark)
            if judged is not None:
                found.append(judged)
    return found


def _blobs(contours: Sequence[cv2.typing.MatLike], picture: Image) -> tuple[list[Mark], list[Box]]:
    """Finds contours that may be triangles, and boxes that may be bars."""
    height, width = picture.shape
    blobs, bars = [], []
    for contour in contours:
        if len(contour) < 4:
            continue
        x, y, wide, high = cv2.boundingRect(contour)
        if not (LEAST_SIDE <= high <= MOST_SIDE and 3 <= wide <= MOST_SIDE):
            continue
        if x <= 0 or y <= 0 or x + wide >= width or y + high >= height:
            continue
        area = cv2.contourArea(contour)
        full = area / ((wide - 1) * (high - 1))
        if full > 0.5 and 1.6 < high / wide < 6 and area > 0.7 * math.prod(cv2.minAreaRect(contour)[1]):
            bars.append((x, y, wide, high))
        if area < LEAST_AREA or not (0.36 < full < 0.82 and 0.5 < wide / high < 1.7):
            continue
        moments = cv2.moments(contour)
        middle = moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]
        # For an equilateral triangle the area is 1.3 times the square of its reach.
        reach = math.sqrt(area / 1.3) + 0.5
        blobs.append(Mark(*middle, reach, float(picture[round(middle[1]), round(middle[0])]), bars=False))
    return blobs, bars


def _pairs(bars: list[Box], picture: Image) -> list[Mark]:
    """Finds two upright bars of one size side by side, with a gap about as wide."""
    found = []
    for one in bars:
        for other in bars:
            (x, y, wide, high), (right, lower, other_wide, other_high) = one, other
            alike = max(abs(high - other_high), abs(y - lower)) <= max(1.5, 0.2 * high)
            if not alike or abs(wide - other_wide) > max(1.5, 0.3 * wide):
                continue
            if not 0.15 * wide < right - x - wide < 2.5 * wide:
                continue
            middle = (x + right + other_wide - 1) / 2, (y + lower + (high + other_high) / 2 - 1) / 2
            row = round(y + high / 2)
            inks = [float(picture[row, column + part // 2]) for column, part in ((x, wide), (right, other_wide))]
            between = float(picture[row, round(middle[0])])
            ink = min(inks, key=lambda level: abs(level - between))
            reach = math.hypot(right + other_wide - x, high) / 2
            found.append(Mark(*middle, reach, ink, bars=True))
    return found


def _judged(picture: Image, mark: Mark) -> Mark | None:
    """Returns the mark with its plate; None when the ground is not even or the shape is not a button's."""
    height, width = picture.shape
    far = 1.45 * mark.reach + 1
    if not (far <= mark.x < width - far and far <= mark.y < height - far):
        return None
    columns, rows = ((mark.x, mark.y) + mark.reach * _RING + 0.5).astype(int).T
    ground = sorted(picture[rows, columns].tolist())  # 32 numbers: much faster than numpy's median
    level = float(ground[len(ground) // 2])
    ink = mark.ink if mark.bars else _ink(picture, mark, level)
    contrast = abs(ink - level)
    spread = sorted(abs(one - level) for one in ground)[-7]
    if contrast < CONTRAST or spread > EVENNESS * contrast:
        return None
    tilt = 0.0
    if mark.bars:
        if abs(float(picture[round(mark.y), round(mark.x)]) - level) > 0.35 * contrast:
            return None
    else:
        shape = _triangle(picture, mark, (ink + level) / 2)
        if shape is None:
            return None
        mark, tilt = replace(mark, reach=shape[0]), shape[1]
    step = max(3 * spread, LEAST_STEP * contrast, LEAST_LEVELS)
    return replace(mark, plate=_on_plate(picture, mark, level, step, tilt))


def _ink(picture: Image, mark: Mark, level: float) -> float:
    """The gray level in the middle of a blob that differs most from the ground, because small marks are blurred."""
    x, y = round(mark.x), round(mark.y)
    middle = picture[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].ravel().tolist()
    return float(max(middle, key=lambda one: abs(one - level)))


def _triangle(picture: Image, mark: Mark, between: float) -> tuple[float, float] | None:
    """(reach, lean in degrees) of a triangle that points right, else None. `between`: a gray level between."""
    zoom = FINE_REACH / mark.reach
    size = round(3 * FINE_REACH)
    shift = size / 2 - np.array([mark.x, mark.y]) * zoom
    where = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]])
    seen = cv2.warpAffine(picture, where, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    above = (seen > between) == (seen[size // 2, size // 2] > between)
    contours, _ = cv2.findContours(above.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hold = [one for one in contours if cv2.pointPolygonTest(one, (size / 2, size / 2), False) >= 0]
    if not hold:
        return None
    hull = cv2.convexHull(hold[0])
    area, corners = cv2.minEnclosingTriangle(hull.astype(np.float32))
    own, around = cv2.contourArea(hold[0]), cv2.contourArea(hull)
    if corners is None or area <= 0 or own < 0.9 * around or own < TRIANGLE * area:
        return None
    corners = corners.reshape(3, 2).astype(np.float64)
    tip = int(corners[:, 0].argmax())
    upper, lower = sorted((corners[one] for one in range(3) if one != tip), key=lambda corner: float(corner[1]))
    left, along = lower - upper, corners[tip] - (upper + lower) / 2
    tilt, turned = (math.degrees(math.atan2(*one)) for one in ((left[0], left[1]), (along[1], along[0])))
    long = float(np.hypot(*left))
    if abs(tilt) > MOST_TILT or abs(tilt + turned) > MOST_SKEW or not 0.6 < float(np.hypot(*along)) / long < 1.25:
        return None
    return math.sqrt(own / 1.3) / zoom, turned


def _on_plate(picture: Image, mark: Mark, level: float, step: float, tilt: float) -> bool:
    """Whether the even ground ends, by a step in gray levels, on a circle or on the sides of a box of the same tilt."""
    farthest = FARTHEST * mark.reach
    across, down = (at + farthest * rays for at, rays in zip((mark.x, mark.y), _RAYS, strict=True))
    # warpPolar is not used: outside the picture it returns uninitialised memory.
    rays = cv2.remap(picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    far = np.arange(STEPS) * farthest / STEPS
    ended = (abs(rays.astype(np.float64) - level) > step) & (far > 1.2 * mark.reach)
    ends, ending = far[ended.argmax(axis=1)], ended.any(axis=1)
    least = BARS_PLATE if mark.bars else PLATE
    if ending.mean() < least:
        return False
    near = 0.6 * farthest / STEPS
    return max(_circle(ends, ending, near), _box(ends, ending, near, math.radians(tilt))) >= least


def _circle(ends: Floats, ending: Bools, near: float) -> float:
    """Share of directions in which the ground ends on one circle about the mark."""
    usual = float(np.median(ends[ending]))
    on = ending & (abs(ends - usual) < 0.3 * usual)
    fitted = np.array([usual, 0.0, 0.0])
    for _ in range(3):
        if on.sum() < 8:
            return 0.0
        fitted = np.linalg.lstsq(_CIRCLE[on], ends[on], rcond=None)[0]
        on = ending & (abs(_CIRCLE @ fitted - ends) < 0.06 * fitted[0] + near)
    return float(on.mean()) if math.hypot(fitted[1], fitted[2]) < 0.22 * fitted[0] else 0.0


def _box(ends: Floats, ending: Bools, near: float, tilt: float) -> float:
    """Share of directions in which the ground ends on the sides of a box about the mark."""
    along = np.stack([np.cos(_ANGLES - tilt), np.sin(_ANGLES - tilt)])
    sides = []
    for direction in (along[0], -along[0], along[1], -along[1]):
        facing = ending & (direction > 0.8)
        if facing.sum() < 3:
            return 0.0
        sides.append(float(np.median((ends * direction)[facing])))
    wide = np.where(along[0] > 0, sides[0], sides[1]) / np.maximum(abs(along[0]), 1e-6)
    high = np.where(along[1] > 0, sides[2], sides[3]) / np.maximum(abs(along[1]), 1e-6)
    expected = np.minimum(wide, high)
    return float((ending & (abs(expected - ends) < 0.06 * expected + near)).mean())
