"""Checks whether a single picture is good enough to judge, by the same limits as for a video."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from alive402.liveness.decision import (
    BLURREST,
    BRIGHTEST,
    DARKEST,
    GOOD_BRIGHT,
    GOOD_DARK,
    GOOD_FACE_SCORE,
    GOOD_INSIDE,
    GOOD_REACH,
    GOOD_SHARP,
    GOOD_WIDTH,
    LEAST_FACE_SCORE,
    LEAST_INSIDE,
    LEAST_WIDTH,
    unlit,
)
from alive402.liveness.errors import Blurred, FaceTooSmall, NoFace, Occluded, TooBright, TooDark
from alive402.liveness.faces import Sample
from alive402.liveness.image.report import ImageQuality
from alive402.liveness.report import Reason

NOBODY = "No face was found in the picture. Send one in which a face is seen from the front."


def assess(sample: Sample | None, faces: int, pixels: npt.NDArray[np.uint8] | None = None) -> ImageQuality:
    """Measure the quality of the judged face, one look in px of the picture; `faces` are all faces of the picture.

    With the picture's `pixels`, (h, w, 3) uint8, one without a face is refused for its light, if that is the cause.

    Raises:
        NoFace, Occluded, FaceTooSmall, TooDark, TooBright, Blurred: it cannot be judged.
    """
    if sample is None or sample.score < LEAST_FACE_SCORE:
        raise (None if pixels is None else unlit(pixels)) or NoFace(NOBODY)
    width, inside = float(sample.box[2] - sample.box[0]), _inside(sample)
    if inside < LEAST_INSIDE:
        raise Occluded(
            "Part of the face is outside the picture. Send one with the whole face.", inside=round(inside, 2)
        )
    if width < LEAST_WIDTH:
        raise FaceTooSmall(
            f"The face is {width:.0f} pixels wide. Come closer: at least {GOOD_WIDTH:.0f} are advised.",
            face_width=round(width),
        )
    if sample.luminance < DARKEST:
        raise TooDark("The face is too dark. Take another picture with more light.", luminance=round(sample.luminance))
    if sample.luminance > BRIGHTEST:
        raise TooBright(
            "The face is over-exposed. Take another picture with less light.", luminance=round(sample.luminance)
        )
    if sample.sharpness < BLURREST and sample.luminance < GOOD_DARK:
        raise TooDark("The face is too dark. Take another picture with more light.", luminance=round(sample.luminance))
    if sample.sharpness < BLURREST:
        raise Blurred(
            "The face is blurred. Hold the camera still and take another picture.",
            sharpness=round(sample.sharpness, 1),
        )
    checks = (
        (width < GOOD_WIDTH, "face_too_small", f"The face is only {width:.0f} pixels wide; 64 are advised."),
        (
            sample.reach < GOOD_REACH,
            "face_too_close",
            "The face fills the picture; farther away, with some background, the answer is surer.",
        ),
        (sample.luminance < GOOD_DARK, "too_dark", "The face is dark; more light would make the answer surer."),
        (sample.luminance > GOOD_BRIGHT, "too_bright", "The face is very bright; less light would make it surer."),
        (sample.sharpness < GOOD_SHARP, "blurred", "The face is blurred."),
        (inside < GOOD_INSIDE, "face_occluded", "Part of the face is outside the picture."),
        (
            sample.score < GOOD_FACE_SCORE,
            "face_occluded",
            "The face is hard to see: covered, turned away or distorted.",
        ),
        (faces > 1, "several_faces", "Several faces are in the picture; the largest was judged."),
    )
    warnings = {code: Reason(code, message) for applies, code, message in reversed(checks) if applies}
    return ImageQuality(width, sample.luminance, sample.sharpness, tuple(reversed(warnings.values())))


def _inside(sample: Sample) -> float:
    """Share of the face box that lies inside the picture, 0..1."""
    size = np.array(sample.frame_size, np.float32)
    low, high = np.clip(sample.box[:2], 0, size), np.clip(sample.box[2:], 0, size)
    whole = max(float(np.prod(sample.box[2:] - sample.box[:2])), 1e-6)
    return float(np.prod(high - low)) / whole
