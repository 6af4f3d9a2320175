"""The sharpest looks at a face, spread through the clip, cropped at native resolution and kept small."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.faces.detector import Detection
from alive402.liveness.media.container import Frame

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SLOTS = 16
LEAST_SLOT_SECONDS = 0.2
VIEW_SIDE = 128
SMOOTHING = 1.0
MID_VIEW = 2.7
WIDE_VIEW = 4.0
TEXTURE_SIDE = 384
PICTURE_SIDE = 240
FIRST_LOOKS, MOST_EXTRA = 2, 9
EXTRA_SECONDS = 0.18
"""Seconds between two extra looks: three within the half second after the picture has changed."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a face.

    Attributes:
        time: seconds from the first frame.
        box: (4,) float32, x1 y1 x2 y2 in px of the upright frame.
        score: the detector's confidence, 0..1.
        sharpness: variance of the Laplacian of the smoothed face at 128 px.
        luminance: mean gray of the face, 0..255.
        mid, wide: (128, 128, 3) uint8 BGR, 2.7 and 4.0 times the face box.
        texture: (h, w) uint8 gray, the face at native resolution, at most 384 px a side.
        picture: (h, w, 3) uint8 BGR, the whole frame, longest side 240 px, for a person to look at.
        frame_size: width and height of the upright frame, px.
    """

    time: float
    box: Floats
    score: float
    sharpness: float
    luminance: float
    mid: Image
    wide: Image
    texture: Image
    picture: Image
    frame_size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Look:
    """The sharpest look of a stretch so far: `face` in `small`, which is `scale` px per px of `frame`."""

    slot: int
    frame: Frame
    small: Image
    face: Detection
    scale: float
    sharpness: float
    luminance: float


class SampleKeeper:
    """Keeps the sharpest sample of each of 16 stretches of the clip while the frames stream by.

    Args:
        expected_seconds: length as the container states it; when it is not known, stretches of 0.4 s are thinned
            at the end.
        turn: degrees by which crops are turned for the face to stand upright.
    """

    def __init__(self, expected_seconds: float | None, turn: int) -> None:
        self._slot_seconds = max((expected_seconds or 0.4 * SLOTS) / SLOTS, LEAST_SLOT_SECONDS)
        self._turn = turn
        self._sharpest: _Look | None = None
        self._kept: list[Sample] = []
        self._first: list[_Look] | None = []
        self._extra: list[Sample] = []

    def scene_changes(self) -> None:
        """The picture has changed at once: the first looks at the face may be all there is of its scene. Keep them."""
        first, self._first = self._first or [], None
        self._extra += [self._sample(look) for look in first]

    def offer(self, frame: Frame, small: Image, face: Detection, scale: float, new_scene: bool = False) -> None:
        """Keep this look if it is the sharpest of its stretch; the full frame is converted when the stretch is over.

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
        # smoothed first: without it the codec's blocks and 8-bit steps pass for detail
        sharpness = float(cv2.Laplacian(cv2.GaussianBlur(gray, (0, 0), SMOOTHING), cv2.CV_32F).var())
        slot, kept = int(frame.time / self._slot_seconds), self._sharpest
        self._keep_extra(_Look(slot, frame, small, face, scale, sharpness, float(gray.mean())), new_scene)
        if kept is not None and kept.slot == slot and kept.sharpness >= sharpness:
            return
        if kept is not None and kept.slot != slot:
            self._kept.append(self._sample(kept))
        self._sharpest = _Look(slot, frame, small, face, scale, sharpness, float(gray.mean()))

    def samples(self) -> tuple[Sample, ...]:
        """At most 16 samples in time order; nothing more may be offered then."""
        if self._sharpest is not None:
            self._kept.append(self._sample(self._sharpest))
            self._sharpest = None
        kept = self._kept
        if len(kept) > SLOTS:
            kept = [kept[place] for place in np.linspace(0, len(kept) - 1, SLOTS).round().astype(int)]
        return tuple(kept)

    def extra_samples(self) -> tuple[Sample, ...]:
        """At most 9 samples in time order from just after the picture has changed, and then from the start too."""
        return tuple(self._extra)

    def _keep_extra(self, look: _Look, new_scene: bool) -> None:
        """The first looks wait, unconverted, until the picture changes; those in a new scene are kept at once."""
        if new_scene:
            self.scene_changes()
            due = not self._extra or look.frame.time >= self._extra[-1].time + EXTRA_SECONDS
            if due and len(self._extra) < MOST_EXTRA:
                self._extra.append(self._sample(look))
            return
        first = self._first
        if first is None or len(first) == FIRST_LOOKS:
            return
        if not first or look.frame.time >= first[-1].frame.time + EXTRA_SECONDS:
            first.append(look)

    def _sample(self, look: _Look) -> Sample:
        whole, box = look.frame.bgr(), (look.face.box / look.scale).astype(np.float32)
        size = PICTURE_SIDE / max(look.small.shape[:2])
        return Sample(
            time=look.frame.time,
            box=box,
            score=look.face.score,
            sharpness=look.sharpness,
            luminance=look.luminance,
            mid=self._view(whole, box, MID_VIEW),
            wide=self._view(whole, box, WIDE_VIEW),
            texture=_middle(cv2.cvtColor(_cut(whole, box), cv2.COLOR_BGR2GRAY)),
            picture=cv2.resize(look.small, None, fx=size, fy=size, interpolation=cv2.INTER_AREA),
            frame_size=look.frame.size,
        )

    def _view(self, image: Image, box: Floats, times: float) -> Image:
        view = crop_around(image, box, times)
        return np.ascontiguousarray(np.rot90(view, self._turn // 90)) if self._turn else view


def crop_around(image: Image, box: Floats, times: float, side: int = VIEW_SIDE) -> Image:
    """(side, side, 3) uint8: `times` the box about its centre, limited to fit the image, then shifted inside."""
    height, width = image.shape[:2]
    box_width, box_height = float(box[2] - box[0]), float(box[3] - box[1])
    times = min(times, (height - 1) / box_height, (width - 1) / box_width)
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


def _middle(gray: Image) -> Image:
    top, left = max(0, (gray.shape[0] - TEXTURE_SIDE) // 2), max(0, (gray.shape[1] - TEXTURE_SIDE) // 2)
    return gray[top : top + TEXTURE_SIDE, left : left + TEXTURE_SIDE].copy()
