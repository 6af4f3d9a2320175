"""Keeps the sharpest looks at a face, spread over the clip, cropped at native resolution."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.faces import upright
from alive402.liveness.faces.detector import Detection
from alive402.liveness.media import Frame, shrink
from alive402.liveness.media.inner import InnerPicture
from alive402.liveness.networks import MID_VIEW, WIDE_VIEW

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SLOTS = 16
LEAST_SLOT_SECONDS = 0.2
VIEW_SIDE = 128
SMOOTHING = 1.0
MOST_SIDE, LEAST_FACE = 960, 120
"""Longest side of a frame from which views are cut at once, px; a larger one is halved while the face keeps so many."""
TEXTURE_SIDE = 384
PICTURE_SIDE = 240
LEANS = 3
"""Looks whose median lean is used, so that one misplaced eye does not turn a view."""
FIRST_LOOKS, MOST_EXTRA = 2, 9
EXTRA_SECONDS = 0.18
"""Seconds between two extra looks: three fit into the half second after the picture has changed."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a face.

    Attributes:
        time: seconds from the first frame.
        box: (4,) float32, x1 y1 x2 y2 in px of the upright frame.
        score: the detector's confidence, 0..1.
        sharpness: variance of the Laplacian of the smoothed face at 128 px.
        luminance: mean gray of the face, 0..255.
        mid, wide: (128, 128, 3) uint8 BGR, 2.7 and 4.0 times the face box, turned until the face stands upright, from
            inside the inner picture where there is one.
        face: (4,) float32, x1 y1 x2 y2 of the face box in `mid`, 0..1 of its side.
        reach: times the face box that the picture has room for, at most 4; where it is less, the views hold less.
        texture: (h, w) uint8 gray, the face at native resolution, at most 384 px a side.
        picture: (h, w, 3) uint8 BGR, the whole frame, longest side at most 240 px, for a person to look at.
        frame_size: width and height of the upright frame, px.
    """

    time: float
    box: Floats
    score: float
    sharpness: float
    luminance: float
    mid: Image
    wide: Image
    face: Floats
    reach: float
    texture: Image
    picture: Image
    frame_size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Look:
    """The sharpest look of a stretch so far: `face` in `small`, which has `scale` px per px of `frame`.

    `leans` is by how many degrees the face leans clockwise in the frame.
    """

    slot: int
    frame: Frame
    small: Image
    face: Detection
    scale: float
    sharpness: float
    luminance: float
    leans: float


class SampleKeeper:
    """Keeps the sharpest sample of each of 16 stretches of the clip while the frames stream by.

    Args:
        expected_seconds: length as the container states it; when it is not known, stretches of 0.4 s are thinned
            at the end.
        turn: degrees, counter-clockwise, a multiple of 90, by which the frame is turned for the face to stand upright
            but for a small lean.
    """

    def __init__(self, expected_seconds: float | None, turn: int) -> None:
        self._slot_seconds = max((expected_seconds or 0.4 * SLOTS) / SLOTS, LEAST_SLOT_SECONDS)
        self._turn = turn
        self._leans: list[float] = []
        self._sharpest: _Look | None = None
        self._waiting: list[_Look] = []
        self._kept: list[Sample] = []
        self._changed = False
        self._first: list[_Look] = []
        self._first_cut: list[Sample] = []
        self._extra_waiting: list[_Look] = []
        self._extra: list[Sample] = []

    def scene_changes(self) -> None:
        """Keep the first looks: the picture has changed abruptly, and they may be the only ones of its scene."""
        self._changed = True
        self._extra += self._first_cut
        self._extra_waiting += self._first
        self._first, self._first_cut = [], []

    def offer(self, frame: Frame, small: Image, face: Detection, scale: float, new_scene: bool = False) -> None:
        """Keep this look if it is the sharpest of its stretch; `cut` cuts the views later.

        Args:
            frame: not earlier than the one before.
            small: (h, w, 3) uint8, the frame in which `face` was found.
            scale: px of `small` per px of the frame.
            new_scene: the picture has changed within the last half second; some looks are kept whether sharp or not.
        """
        look = _cut(small, face.box)
        if min(look.shape[:2]) < 8:
            return
        gray = cv2.resize(cv2.cvtColor(look, cv2.COLOR_BGR2GRAY), (VIEW_SIDE, VIEW_SIDE))
        # Smoothed first; otherwise a codec's blocks and 8-bit steps count as detail.
        detail = cv2.Laplacian(cv2.GaussianBlur(gray, (0, 0), SMOOTHING), cv2.CV_16S)
        sharpness = float(cv2.meanStdDev(detail)[1][0, 0] ** 2)
        leans = self._lean(face)
        slot, kept = int(frame.time / self._slot_seconds), self._sharpest
        offered = _Look(slot, frame, small, face, scale, sharpness, cv2.mean(gray)[0], leans)
        self._keep_extra(offered, new_scene)
        if kept is not None and kept.slot == slot and kept.sharpness >= sharpness:
            return
        if kept is not None and kept.slot != slot:
            self._waiting.append(kept)
        self._sharpest = offered

    def turn_to(self, turn: int) -> None:
        """Set another turn, in which the face actually stands, for every look that is not cut yet."""
        self._turn, self._leans = turn, []
        self._waiting = [replace(look, leans=float(turn)) for look in self._waiting]
        self._extra_waiting = [replace(look, leans=float(turn)) for look in self._extra_waiting]
        self._first = [replace(look, leans=float(turn)) for look in self._first]
        self._sharpest = self._sharpest and replace(self._sharpest, leans=float(turn))

    def cut(self, inner: InnerPicture | None) -> None:
        """Cut the views of every look that is or may be final, inside `inner`; the frames are released."""
        self._kept += [self._sample(look, inner) for look in self._waiting]
        self._waiting.clear()
        self._extra += [self._sample(look, inner) for look in self._extra_waiting]
        self._extra_waiting.clear()
        self._first_cut += [self._sample(look, inner) for look in self._first]
        self._first.clear()

    def samples(self, inner: InnerPicture | None = None) -> tuple[Sample, ...]:
        """At most 16 samples in time order; call it once, after the last `offer`."""
        if self._sharpest is not None:
            self._waiting.append(self._sharpest)
            self._sharpest = None
        self._first.clear()
        self.cut(inner)
        kept = self._kept
        if len(kept) > SLOTS:
            kept = [kept[place] for place in np.linspace(0, len(kept) - 1, SLOTS).round().astype(int)]
        return tuple(kept)

    def extra_samples(self) -> tuple[Sample, ...]:
        """At most 9 samples in time order from just after each abrupt change of the picture, and then from the start.

        Call `samples` first: it cuts the last of them.
        """
        return tuple(self._extra)

    def _keep_extra(self, look: _Look, new_scene: bool) -> None:
        """Keep looks in a new scene at once; hold the first looks until the picture changes."""
        if new_scene:
            self.scene_changes()
            times = [one.time for one in self._extra] + [one.frame.time for one in self._extra_waiting]
            if len(times) < MOST_EXTRA and (not times or look.frame.time >= times[-1] + EXTRA_SECONDS):
                self._extra_waiting.append(look)
            return
        times = [one.time for one in self._first_cut] + [one.frame.time for one in self._first]
        if self._changed or len(times) == FIRST_LOOKS:
            return
        if not times or look.frame.time >= times[-1] + EXTRA_SECONDS:
            self._first.append(look)

    def _lean(self, face: Detection) -> float:
        """Degrees by which the face leans in the frame, median over the last looks."""
        leans = upright.lean(face.points)
        if leans is not None:
            beyond = upright.between(leans, self._turn)
            if abs(beyond) <= upright.MOST_LEAN:
                self._leans = [*self._leans[1 - LEANS :], beyond]
        return self._turn + median(self._leans) if self._leans else float(self._turn)

    def _sample(self, look: _Look, inner: InnerPicture | None) -> Sample:
        size, box = look.frame.size, (look.face.box / look.scale).astype(np.float32)
        whole, scale = _shown(look.frame, box)
        inside, within = whole, box * scale
        if inner is not None:
            reduced = inner if scale == 1 else inner.enlarged(size, whole.shape[1::-1])
            inside, within = reduced.cut(whole), reduced.shift(within)
        mid, wide = (_view(inside, within, times, look.leans) for times in (MID_VIEW, WIDE_VIEW))
        return Sample(
            time=look.frame.time,
            box=box,
            score=look.face.score,
            sharpness=look.sharpness,
            luminance=look.luminance,
            mid=mid,
            wide=wide,
            face=upright.face_in_view(inside, within, MID_VIEW, look.leans),
            reach=upright.room(inside, within, WIDE_VIEW),
            texture=_texture(look.frame, box),
            picture=_reduced(look.small),
            frame_size=size,
        )


def _shown(frame: Frame, box: Floats) -> tuple[Image, np.float32]:
    """The frame from which views of a face are cut, and its px per px of `frame`.

    The network was trained on frames of 640 px. A view of a larger one would take single pixels from far apart, with
    all of the sensor's noise, so a large frame is halved by areas as long as the face stays large.
    """
    longest, face = max(frame.size), float(min(box[2:] - box[:2]))
    times = 1
    while longest > MOST_SIDE * times and face >= 2 * times * LEAST_FACE:
        times *= 2
    whole = frame.bgr() if times == 1 else frame.small(longest // times)
    return whole, np.float32(max(whole.shape[:2]) / longest)


def _texture(frame: Frame, box: Floats) -> Image:
    """The middle of the face at native resolution, gray."""
    width, height = frame.size
    left, top, right, bottom = np.clip(box.round().astype(int), 0, [width, height, width, height]).tolist()
    left, top = max(left, (left + right - TEXTURE_SIDE) // 2), max(top, (top + bottom - TEXTURE_SIDE) // 2)
    right, bottom = min(right, left + TEXTURE_SIDE), min(bottom, top + TEXTURE_SIDE)
    if right <= left or bottom <= top:
        return np.zeros((0, 0), np.uint8)
    return frame.gray(left, top, right, bottom)


def _view(image: Image, box: Floats, times: float, leans: float) -> Image:
    """The view around a leaning face: quarter turns keep every pixel, the remaining angle is resampled."""
    quarter = round(leans / 90) * 90
    if abs(leans - quarter) >= upright.SMALLEST_LEAN:
        return upright.crop_upright(image, box, times, leans, VIEW_SIDE)
    return np.ascontiguousarray(np.rot90(crop_around(image, box, times), quarter // 90))


def crop_around(image: Image, box: Floats, times: float, side: int = VIEW_SIDE) -> Image:
    """(side, side, 3) uint8: the box enlarged `times` about its centre, limited to the image, then shifted inside."""
    height, width = image.shape[:2]
    box_width, box_height = float(box[2] - box[0]), float(box[3] - box[1])
    times = upright.room(image, box, times)
    crop_width, crop_height = box_width * times, box_height * times
    left = min(max((box[0] + box[2]) / 2 - crop_width / 2, 0.0), width - crop_width)
    top = min(max((box[1] + box[3]) / 2 - crop_height / 2, 0.0), height - crop_height)
    cut = image[int(top) : int(top + crop_height) + 1, int(left) : int(left + crop_width) + 1]
    view: Image = cv2.resize(cut, (side, side), interpolation=cv2.INTER_LINEAR)
    return view


def _cut(image: Image, box: Floats) -> Image:
    height, width = image.shape[:2]
    left, top, right, bottom = np.clip(box.round().astype(int), 0, [width, height, width, height])
    return image[top:bottom, left:right]


def _reduced(small: Image) -> Image:
    """The frame for a person to look at, from a reduced one."""
    height, width = small.shape[:2]
    scale = min(1.0, PICTURE_SIDE / max(height, width))
    return shrink(small, max(2, round(width * scale)), max(2, round(height * scale))).copy()
