"""Judges one picture: finds faces and scores one look at the largest, without cues, with its own calibration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from time import perf_counter

import av
import cv2
import numpy as np

from alive402.liveness.decision import LEAST_FACE_SCORE, fusion
from alive402.liveness.faces import DOUBTFUL_SCORE, Detection, FaceFinder, Sample, SampleKeeper
from alive402.liveness.image import quality as image_quality
from alive402.liveness.image.report import ImageFace, ImageFile, ImageReport
from alive402.liveness.media import MOTION_SIDE, Frame, ImageLimits, Picture, Shown, images
from alive402.liveness.networks import WEIGHTS, AppearanceNetwork, Looks
from alive402.liveness.report import Engine, Reason, Rect
from alive402.version import VERSION

TURNS = (0, 90, 270, 180)
# The network was trained on video frames, so a larger photograph is first shrunk to their size by areas.
LIKE_VIDEO_SIDE = 1920
AGAIN = "Take another picture with good light and the whole face in view, or send a video: it shows far more."


@dataclass(frozen=True, slots=True)
class ImageAnalysis:
    """A report with the data that stays in this process: the one look, and the network's uncalibrated output for it."""

    report: ImageReport
    sample: Sample
    looks: Looks


class ImageJudge:
    """Judges pictures with networks that were loaded elsewhere; not thread-safe."""

    def __init__(self, finder: FaceFinder, network: AppearanceNetwork, limits: ImageLimits) -> None:
        self._finder = finder
        self._network = network
        self._limits = limits

    @property
    def calibration(self) -> fusion.Calibration:
        """The calibration of single looks, at its default operating point."""
        return packaged()

    def judge(self, path: Path, rule: fusion.Calibration | None = None) -> ImageAnalysis:
        """Judge one picture file by `rule`, by default the packaged calibration.

        Raises:
            UnusableVideo: it cannot be judged; its subclass and `code` say why.
            OSError: the file cannot be opened.
        """
        began, rule = perf_counter(), rule or packaged()
        picture = images.read(path, self._limits)
        height, width = picture.pixels.shape[:2]
        found, sample = self._look(picture)
        looked = perf_counter()
        checked = image_quality.assess(sample, len(found), picture.pixels[::4, ::4])
        assert sample is not None
        looks = self._network.look([sample])
        decision = fusion.fuse(looks, {}, rule)
        done = perf_counter()
        report = ImageReport(
            verdict=decision.verdict,
            live_confidence=decision.live_confidence,
            threshold=rule.threshold,
            attack_type=decision.attack_type,
            reasons=tuple(_for_a_picture(reason) for reason in decision.reasons),
            faces=tuple(ImageFace(_rect(face, width, height), face.score) for face in found),
            quality=checked,
            image=ImageFile(picture.sha256, width, height, picture.format),
            engine=Engine(VERSION, self._network.sha256),
            timing={"look": looked - began, "appearance": done - looked, "total": done - began},
        )
        return ImageAnalysis(report, sample, looks)

    def _look(self, picture: Picture) -> tuple[list[Detection], Sample | None]:
        """Find every face, boxes in px of the picture, the judged one first; and sample the judged one."""
        size = picture.pixels.shape[1::-1]
        shrunk = min(1.0, LIKE_VIDEO_SIDE / max(size))
        pixels = picture.pixels
        if shrunk < 1:
            pixels = cv2.resize(pixels, None, fx=shrunk, fy=shrunk, interpolation=cv2.INTER_AREA)
        height, width = pixels.shape[:2]
        # From here on the picture is handled as a single video frame of no duration.
        shown = Shown((width, height), (width, height))
        frame = Frame(av.VideoFrame.from_ndarray(pixels, format="bgr24"), 0, 0.0, shown, {})
        small = frame.small(MOTION_SIDE)
        scale = max(small.shape[:2]) / max(width, height)
        # A clip is searched again a moment later; here a weak detection must not pass for an upright face.
        tried = [self._finder.search(small, (turn,)) for turn in TURNS]
        found, turn = max(tried, key=lambda one: max((face.score for face in one[0]), default=0.0))
        # As in a clip: a possible false alarm is not judged while there is a better face.
        found = sorted(
            (face for face in found if face.score >= LEAST_FACE_SCORE),
            key=lambda face: (face.score < DOUBTFUL_SCORE, -face.area),
        )
        keeper = SampleKeeper(None, turn)
        if found:
            keeper.offer(frame, small, found[0], scale)
        boxed = [replace(face, box=(face.box / (scale * shrunk)).astype(np.float32)) for face in found]
        sample = next(iter(keeper.samples()), None)
        if sample is None:
            return boxed, None
        return boxed, replace(sample, box=boxed[0].box, frame_size=(size[0], size[1]))


@cache
def packaged() -> fusion.Calibration:
    """The calibration of single looks that belongs to the packaged weights."""
    return fusion.Calibration.read(WEIGHTS / "image_calibration.json")


def _for_a_picture(reason: Reason) -> Reason:
    """Reword the fusion's advice, which speaks of filming, for a picture."""
    if reason.code != "too_close_to_call":
        return reason
    return Reason(reason.code, f"{reason.message.partition('. ')[0]}. {AGAIN}")


def _rect(face: Detection, width: int, height: int) -> Rect:
    """Round a box to whole px and clip it to the picture."""
    x1, y1, x2, y2 = (round(float(value)) for value in face.box)
    return min(max(x1, 0), width), min(max(y1, 0), height), min(max(x2, 0), width), min(max(y2, 0), height)
