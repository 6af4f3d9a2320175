"""Finds the edges of graphics that an editor drew around a video: flat bands, with or without text, and blurred copies.

Every test works on frames that are turned until the side in question is the left one, and on a column x: the first that
belongs to the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

FLAT = 8
"""Most difference in gray levels between a drawn pixel and its band's colour in any frame, as codecs leave it."""
SMOOTH = 1.5
"""Most median difference from the band's colour in gray levels: a filmed wall has light and noise on it."""
STEP = 6
"""Least difference in gray levels between the picture and its band, on both sides of the edge."""
LEAST_STRIP = 3
"""Least width of a band in px of the small frames."""
GUTTER = 0.01
"""Width, as a share of the frame, of the strip beside the edge that has to be flat from end to end."""
CLEAN_GUTTER, CLEAN_BAND, STILL_BAND = 0.95, 0.55, 0.75
"""Least share of pixels that are flat in the gutter, flat in the whole band (the rest may be text), and still in the
band."""
FULL, MARKED = 0.6, 0.45
"""Least share of the edge along which the picture differs from the gutter: over all looks, and in each look."""
SUDDEN = 0.85
"""Least ratio of these shares within 2 px of the edge to those within 8 px: a line that leans or moves is less
sudden."""
STILL = 0.6
"""Most motion of an edge in px: twice the motion that codecs cause, half of a hand's."""
CANDIDATES = 6
"""Most edges tested per side."""
BLURRED = 0.5
"""Most detail of a blurred bar as a share of the picture's detail."""
EVEN = 0.012
"""Most difference in width of two blurred bars, as a share of the frame."""
COPY_CELLS, COPY = 24, 0.7
"""Cells across the frame, and the least correlation at which bars show a copy of the picture between them."""
SIDES = ("left", "top", "right", "bottom")


@dataclass(frozen=True, slots=True)
class Frames:
    """The looks, (k, h, w, 3) uint8, and each pixel's minimum and maximum over them, (h, w, 3) uint8."""

    looks: Image
    low: Image
    high: Image

    @staticmethod
    def of(looks: list[Image]) -> Frames:
        return Frames(np.stack(looks), reduce(np.minimum, looks), reduce(np.maximum, looks))

    def towards(self, side: str) -> Frames:
        """The frames turned so that `side` is the left one; the looks are views, not copies."""
        looks = self.looks.swapaxes(1, 2) if side in ("top", "bottom") else self.looks
        looks = np.flip(looks, 2) if side in ("right", "bottom") else looks
        return Frames(looks, _turned(self.low, side), _turned(self.high, side))


def _turned(image: Image, side: str) -> Image:
    """The image turned so that `side` is the left one, with its pixels in rows, which is twice as fast later."""
    if side in ("top", "bottom"):
        image = np.asarray(cv2.transpose(image), np.uint8)
    return np.asarray(cv2.flip(image, 1), np.uint8) if side in ("right", "bottom") else image


def candidates(frames: Frames, span: tuple[int, int], limit: int) -> list[int]:
    """Columns x, before `limit`, at which the picture may begin along the rows `span`; the innermost first."""
    part = slice(*span), slice(0, min(limit, frames.low.shape[1] - 2) + 2)
    low, high = frames.low[part], frames.high[part]
    if low.shape[0] < 4 or low.shape[1] < LEAST_STRIP + 4:
        return []
    steps = [_differ(one[:, 3:], one[:, :-3], STEP) for one in (low, high)]  # From column x - 2 to column x + 1.
    share = (steps[0] | steps[1]).mean(axis=0)
    # Beyond the edge it is quiet; a picture full of detail has steps everywhere.
    quiet = np.maximum(np.concatenate([np.zeros(3), share[:-3]]), np.concatenate([np.zeros(4), share[:-4]]))
    onset = np.round(share - quiet, 2)
    chosen: list[int] = []
    for x in sorted(np.flatnonzero(onset >= MARKED / 2) + 2, key=lambda x: (-onset[x - 2], -x)):
        if x >= LEAST_STRIP and all(abs(x - other) > 2 for other in chosen):
            chosen.append(int(x))
        if len(chosen) == CANDIDATES:
            break
    return sorted(chosen, reverse=True)


def is_drawn(frames: Frames, x: int, span: tuple[int, int]) -> bool:
    """Whether a drawn band ends at column x along the rows `span`; tests everything but the picture's own side."""
    rows = slice(*span)
    first = max(0, x - 1 - max(LEAST_STRIP, round(GUTTER * frames.low.shape[1])))
    low, high = frames.low[rows, first : x + 9], frames.high[rows, first : x + 9]
    gutter, beside, within = slice(0, x - 1 - first), slice(x + 1 - first, x + 3 - first), slice(x + 5 - first, None)
    middle = middle_levels(low[:, gutter], high[:, gutter])
    if len(middle) < 8 or low.shape[1] <= within.start:
        return False
    colour = np.median(middle, axis=0)
    unlike = 1.0 - flat(low, high, colour).mean(axis=0)
    share = float(unlike[beside].max())
    if share < FULL or unlike[gutter].mean() > 1 - CLEAN_GUTTER or share < SUDDEN * float(unlike[within].mean()):
        return False
    if float(np.median(np.abs(middle - colour))) > SMOOTH:
        return False
    low, high = frames.low[rows, : x - 1], frames.high[rows, : x - 1]
    if flat(low, high, colour).mean() < CLEAN_BAND or _differ(high, low, 2 * FLAT).mean() > 1 - STILL_BAND:
        return False
    apart = np.abs(frames.looks[:, rows, x - 3 : x + 9].astype(np.float32) - colour.astype(np.float32)).max(axis=3)
    marked = (apart > STEP).mean(axis=1)
    at_once, later = marked[:, 4:6].max(axis=1), marked[:, 8:].mean(axis=1)
    return bool((at_once >= np.maximum(MARKED * share, SUDDEN * later)).all()) and _travel(apart) <= STILL


def _travel(apart: Floats) -> float:
    """The edge's motion in px from look to look; `(k, h, 12)` is the distance of each pixel from the band's colour.

    The position of the edge in a row is the area under its profile, divided by the profile's final height.
    """
    heights = np.median(apart[:, :, -4:], axis=2)
    places = []
    for one, height in zip(apart, heights, strict=True):
        telling = height >= 3 * STEP
        if telling.sum() >= 8:
            places.append(float(np.median(np.minimum(one[telling] / height[telling, None], 1).sum(axis=1))))
    return max(places) - min(places) if places else 0.0


def blurred_pair(frames: list[Frames], span: tuple[int, int], limits: list[int]) -> int:
    """Common width of two bars on opposite sides that show a blurred copy of the picture between; 0 without them."""
    width = frames[0].low.shape[1]
    edges: list[list[int]] = []
    for one, limit in zip(frames, limits, strict=True):
        edges.append(candidates(one, span, limit))
        if not edges[-1]:
            return 0
    nearest = [edges[1][int(np.abs(np.subtract(edges[1], x)).argmin())] for x in edges[0]]
    pairs = [
        (x, other)
        for x, other in zip(edges[0], nearest, strict=True)
        if abs(other - x) <= EVEN * width and x + other <= width - 8
    ]
    detail = _detail(frames[0].looks[0][slice(*span)]) if pairs else np.zeros(0, np.float32)
    for x, other in pairs:
        most = max(float(bar.mean()) for bar in (detail[: x - 2], detail[width - other + 2 :]))
        if most <= BLURRED * float(detail[x + 2 : width - other - 2].mean()) and all(
            _is_still_edge(one, place, span) for one, place in zip(frames, (x, other), strict=True)
        ):
            wide = max(x, other)
            if all(_is_copy(look[slice(*span)], wide) for look in frames[0].looks[[0, -1]]):
                return wide
    return 0


def _detail(image: Image) -> Floats:
    """(w,) float32, the amount of fine detail in each column."""
    gray = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_BGR2GRAY)
    return np.asarray(np.abs(cv2.Laplacian(gray, cv2.CV_32F)).mean(axis=0), np.float32)


def _is_still_edge(frames: Frames, x: int, span: tuple[int, int]) -> bool:
    """Whether the strongest step near column x is exactly there in every look, along most of the rows `span`."""
    near = frames.looks[:, slice(*span), max(0, x - 6) : x + 6].astype(np.int16)
    steps = np.abs(near[:, :, 2:] - near[:, :, :-2]).max(axis=3)  # Centred on columns x - 5 to x + 4.
    first = max(0, x - 6) + 1
    places = steps.mean(axis=1).argmax(axis=1) + first
    straight = (steps.max(axis=2) > STEP) & (np.abs(steps.argmax(axis=2) + first - x + 0.5) <= 1.5)
    return bool((np.abs(places - x + 0.5) <= 1.5).all() and (straight.mean(axis=1) >= MARKED).all())


def _is_copy(image: Image, bar: int) -> bool:
    """Whether two bars at the left and right of one frame match an enlarged copy of its middle."""
    height, width = image.shape[:2]
    gray = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_BGR2GRAY)
    cells = COPY_CELLS, max(2, round(COPY_CELLS * height / width))
    middle = gray[:, bar + 1 : width - bar - 1]
    shown = min(
        height, max(2, round(middle.shape[1] * height / width))
    )  # Rows of the middle that an enlarged copy shows.
    top = (height - shown) // 2
    copy = cv2.resize(middle[top : top + shown], cells, interpolation=cv2.INTER_AREA).astype(np.float32)
    whole = cv2.resize(gray, cells, interpolation=cv2.INTER_AREA).astype(np.float32)
    edge = bar * COPY_CELLS // width
    if edge < 1:
        return False
    bars = [np.concatenate([one[:, :edge], one[:, -edge:]], axis=1).ravel() for one in (copy, whole)]
    if min(float(one.std()) for one in bars) < 1.0:
        return False
    return float(np.corrcoef(bars[0], bars[1])[0, 1]) >= COPY


def _differ(one: Image, other: Image, levels: int) -> Bools:
    """(h, w) bool, whether any channel of the two differs by more than `levels`."""
    apart = cv2.absdiff(one, other)
    return np.asarray(reduce(np.maximum, cv2.split(apart)) > levels, np.bool_)


def flat(low: Image, high: Image, colour: npt.NDArray[np.float64]) -> Bools:
    """(h, w) bool, whether a pixel had this colour in every look."""
    floor, ceiling = np.clip(np.ceil(colour - FLAT), 0, 255), np.clip(np.floor(colour + FLAT), 0, 255)
    above = cv2.inRange(low, floor, np.full(3, 255.0))
    below = cv2.inRange(high, np.zeros(3), ceiling)
    return np.asarray((above & below) > 0, np.bool_)


def middle_levels(low: Image, high: Image) -> npt.NDArray[np.float64]:
    """(n, 3) float64, the middle of each pixel's range."""
    return np.asarray((low.astype(np.int32) + high).reshape(-1, 3) / 2, np.float64)
