"""Measures whether one picture, bent in any smooth way, explains every frame, for the cue `puppet`.

A photo that is animated, or seen over an invented depth, stretches where its parts move apart: dense optical flow
(Kroeger et al. 2016, "Fast optical flow using dense inverse search") carries its gray levels from frame to frame. A
head in space turns parts out of sight and others into it, hides and uncovers what is behind it, and changes its shading
with its angle to the light. That leaves gray levels which no flow explains (Black and Anandan 1996, "The robust
estimation of multiple motions"), and the more of them, the farther apart the frames are.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.cues.still.following import GRAIN, OVAL, Following, Pair, blurred, lucas_kanade

Bools = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Gray = npt.NDArray[np.uint8]

FACE_PX = 64
"""Width of the face at which flow is measured, px."""
SPREAD = 0.7
"""Blur in px at that size."""
REACH, ABOVE, BELOW = 0.8, 0.8, 0.7
"""Half width of the window in face widths, and its height above and below the middle of the face in face heights."""
HEAD, RING, RING_BELOW = 1.14, (0.77, 1.26), 0.35
"""In half axes of the head: the area whose motion counts, and the ring of its outline. Lower than .35 face heights
below the middle of the face, clothes begin."""
SLOPE, FLOOR = 0.25, 1.0
"""Placement error of the flow in px, and gray levels of noise; both explain a difference."""
FACE_PERCENT, RING_PERCENT, RING_SHARE = 95, 90, 0.5
"""Percentiles of the change that are taken, and the factor on that of the outline, where flow is less exact."""
STRONGEST = 8.0
"""Gray levels per px above which a place's motion counts no more."""
USUAL_SLOPE = 9.0
"""Mean gray levels per px of a face below which changes are scaled up: haze and blur weaken them as much."""
THINNED = 2
"""Every second place gives a vote on the motion."""
MARGIN = 8
"""px around the window, which its blur sees."""
EDGE, LEAST_SEEN = 2, 0.5
"""Border of a frame in px that is not compared, and the least share of the face that both frames must show."""
LEAST_POINTS = 8
NOISE, PER_BEND = 0.8, 150.0
"""Change that noise leaves, and what each face width of bending adds, because a bent picture is resampled."""
HOPELESS = 3.2
"""Change, of a face of usual contrast, above which no photo is assumed. A head that turns far changes more, but flow
bends it as far, so that its ratio to a bent still would be small too."""


@dataclass(frozen=True, slots=True)
class Bending:
    """One frame against the reference.

    Attributes:
        unexplained: change that flow does not explain, of the face without eyes and mouth or of the head's outline; in
            multiples of one gray level and an error of placement.
        bend: rms motion of the head and its outline off the best affine map, in face widths.
    """

    unexplained: float
    bend: float


def excess(followed: Following) -> float:
    """Unexplained change, through that which a still leaves when it is bent as much; about 1 for a still.

    A still leaves as much between frames far apart as between neighbours. So noise is taken from the frames beside the
    reference, and once from experience.
    """
    window, far = Window(followed), []
    middle = (len(followed.pairs) - 1) / 2
    for place in sorted(range(len(followed.pairs)), key=lambda place: -abs(place - middle)):
        found = window.at(followed.pairs[place])
        if found is None or window.excludes(found):
            return float("inf")
        far.append(found)
    bends = sorted(one.bend for one in far)
    near = [one.unexplained for frame in followed.beside if (one := window.near(blurred(frame))) is not None]
    if len(far) < 2 or not near:
        return float("inf")
    most = max(one.unexplained for one in far) * window.weakness
    noise = min(NOISE, float(np.mean(near)))
    return max(most / (NOISE + PER_BEND * bends[-1]), most / (noise + PER_BEND * bends[-2]))


class Window:
    """The head in the reference frame and its surroundings, scaled to a face of 64 px."""

    def __init__(self, followed: Following) -> None:
        self._picture, self._points = followed.picture, followed.points[followed.on_face]
        width, height = followed.sides
        down = FACE_PX * height / width
        y, x = np.mgrid[: round((ABOVE + BELOW) * down), : round(2 * REACH * FACE_PX)] + 0.5
        x, y = x / FACE_PX - REACH, y / down - ABOVE
        self._terms = np.stack([np.ones_like(x), x, y], axis=-1)[::THINNED, ::THINNED].reshape(-1, 3)
        scale = width / FACE_PX
        corner = followed.middle + np.array([(0.5 / FACE_PX - REACH) * width, (0.5 / down - ABOVE) * height])
        self._to_frame = np.array([[scale, 0.0, corner[0]], [0.0, scale, corner[1]], [0.0, 0.0, 1.0]])
        self._spread = float(np.sqrt(max((SPREAD * scale) ** 2 - GRAIN**2, 0.0)))
        far = np.hypot(x / OVAL[0], (y + OVAL[2]) / OVAL[1])
        eyes, mouth = (y > -0.3) & (y < 0) & (abs(x) < 0.4), (y > 0.1) & (abs(x) < 0.33)
        self._face = (np.hypot(x, y) < 0.5) & ~eyes & ~mouth
        self._ring = (far > RING[0]) & (far < RING[1]) & (y < RING_BELOW)
        self._y, self._x = np.mgrid[: x.shape[0], : x.shape[1]].astype(np.float32)
        self._gray, seen = self._sampled(followed.picture, self._to_frame[:2])
        self._seen = seen & (far < HEAD)
        self._slope = np.hypot(*(cv2.Sobel(self._gray, cv2.CV_32F, dx, 1 - dx, scale=1 / 8) for dx in (1, 0)))
        # OpenCV's type hints lack this function.
        self._flow: cv2.DenseOpticalFlow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)  # type: ignore[attr-defined]

    @property
    def weakness(self) -> float:
        """How many times a usual face changes more than this one, whose picture is hazy or soft; 1 and more."""
        return max(1.0, USUAL_SLOPE / max(float(self._slope[self._face].mean()), 1.0))

    def at(self, pair: Pair) -> Bending | None:
        """Compares a far frame; None when it shows too little of the face."""
        kept = pair.kept[: len(self._points)]
        return self._compare(pair.picture, self._points[kept], pair.seen[: len(self._points)][kept])

    def excludes(self, found: Bending) -> bool:
        """Whether no bent picture changes so much."""
        return found.unexplained * self.weakness > HOPELESS

    def near(self, picture: Gray) -> Bending | None:
        """Compares a frame, blurred by `GRAIN`, by following the points from the reference at once."""
        end, found = lucas_kanade(self._picture, picture, self._points)
        return self._compare(picture, self._points[found], end[found].astype(np.float64))

    def _compare(self, picture: Gray, start: Singles, end: Doubles) -> Bending | None:
        """Measures the flow from the affine map of points of the face, so that little is left to it."""
        plane = cv2.estimateAffine2D(start, end, method=cv2.LMEDS)[0] if len(start) >= LEAST_POINTS else None
        if plane is None or not np.isfinite(plane).all():
            return None
        there, seen = self._sampled(picture, plane @ self._to_frame)
        seen &= self._seen
        if (self._face & seen).sum() < LEAST_SEEN * self._face.sum():
            return None
        flow = np.asarray(self._flow.calc(self._gray, there, None), np.float32)
        return Bending(self._unexplained(there, flow, seen), self._bend(flow, seen))

    def _unexplained(self, there: Gray, flow: Singles, seen: Bools) -> float:
        x, y = self._x + flow[..., 0], self._y + flow[..., 1]
        carried = cv2.remap(there, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        face, ring = self._face & seen, self._ring & seen
        gain, offset = _light(carried[face].astype(np.float64), self._gray[face].astype(np.float64))
        change = abs(self._gray - gain * carried - offset) / (SLOPE * self._slope + FLOOR)
        most = float(np.percentile(change[face], FACE_PERCENT))
        if ring.any():
            most = max(most, RING_SHARE * float(np.percentile(change[ring], RING_PERCENT)))
        return most

    def _bend(self, flow: Singles, seen: Bools) -> float:
        thin = slice(None, None, THINNED), slice(None, None, THINNED)
        weights = np.where(seen[thin], np.minimum(self._slope[thin], STRONGEST), 0.0).ravel().astype(np.float64)
        moved, terms = flow[thin].reshape(-1, 2).astype(np.float64), self._terms
        weighed = weights[:, None] * terms
        best = np.linalg.solve(terms.T @ weighed + 1e-6 * np.eye(3), weighed.T @ moved)
        squares = ((moved - terms @ best) ** 2).sum(axis=1)
        return float(np.sqrt((squares @ weights) / max(float(weights.sum()), 1e-6))) / FACE_PX

    def _sampled(self, picture: Gray, to_frame: Doubles) -> tuple[Gray, Bools]:
        """The window of a frame, smoothed, by an affine map (2, 3) to its px; and which places are inside the frame."""
        height, width = picture.shape
        rows, columns = self._x.shape
        corners = np.array([[0, 0, 1], [columns - 1, 0, 1], [0, rows - 1, 1], [columns - 1, rows - 1, 1]]) @ to_frame.T
        low = np.clip(corners.min(axis=0) - MARGIN, 0, [width - 1, height - 1]).astype(int)
        high = np.maximum(np.clip(corners.max(axis=0) + MARGIN, 1, [width, height]).astype(int), low + 1)
        part = picture[low[1] : high[1], low[0] : high[0]]
        if self._spread > 0:
            part = np.asarray(cv2.GaussianBlur(part, (0, 0), self._spread), np.uint8)
        shifted = to_frame - np.array([[0, 0, low[0]], [0, 0, low[1]]])
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        gray = cv2.warpAffine(part, shifted, (columns, rows), flags=how, borderMode=cv2.BORDER_REPLICATE)
        (a, b, c), (d, e, f) = to_frame.astype(np.float32)
        x, y = a * self._x + b * self._y + c, d * self._x + e * self._y + f
        inside = (x >= EDGE) & (x <= width - 1 - EDGE) & (y >= EDGE) & (y <= height - 1 - EDGE)
        return np.asarray(gray, np.uint8), np.asarray(inside, np.bool_)


def _light(other: Doubles, here: Doubles) -> tuple[float, float]:
    """Gain and offset that bring the gray levels `other` nearest to `here`; the fifth that fits worst has no vote."""
    kept = np.full(len(here), True)
    for _ in range(2):
        a, b = other[kept], here[kept]
        gain = float(((a - a.mean()) * (b - b.mean())).mean()) / max(float(a.var()), 1e-6)
        offset = float(b.mean() - gain * a.mean())
        off = abs(here - gain * other - offset)
        kept = off <= np.percentile(off, 80)
    return gain, offset
