"""Checks whether the video is good enough to judge; returns warnings or raises the reason.

Below these thresholds a person could not judge either; darkness is judged on the face and set low, because
dark skin in good light is not a dark picture.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from alive402.liveness.errors import Blurred, FaceTooSmall, NoFace, Occluded, TooBright, TooDark, VideoTooShort
from alive402.liveness.faces import FaceTrack
from alive402.liveness.media import Clip
from alive402.liveness.report import Quality, Reason

LEAST_SECONDS = 1.0
LEAST_LOOKS = 4
GOOD_LOOKS = 8
LEAST_FACE_SHARE = 0.1
GOOD_FACE_SHARE = 0.5
LEAST_WIDTH, GOOD_WIDTH = 32.0, 64.0
DARKEST, GOOD_DARK = 16.0, 40.0
BRIGHTEST, GOOD_BRIGHT = 225.0, 205.0
BLURREST, GOOD_SHARP = 2.4, 5.0
LEAST_INSIDE, GOOD_INSIDE = 0.6, 0.9
GOOD_FPS = 8.0
LEAST_FACE_SCORE, GOOD_FACE_SCORE = 0.6, 0.7
BLACK, WHITE = 6.0, 249.0
SOME = 32
"""Pictures of a clip that are enough to see how much light it has."""
GOOD_REACH = 1.5
"""Times the face that the picture should have room for."""


def assess(clip: Clip, tracks: list[FaceTrack]) -> Quality:
    """Measure the quality of the judged face, `tracks[0]`.

    Raises:
        VideoTooShort, NoFace, Occluded, FaceTooSmall, TooDark, TooBright, Blurred: it cannot be judged.
    """
    seconds = clip.video.seconds
    if seconds < LEAST_SECONDS or len(clip.times) < LEAST_LOOKS:
        raise VideoTooShort(
            f"The video lasts {seconds:.1f} s and has {len(clip.times)} frames; at least one second is needed, "
            "three to six are best.",
            seconds=round(seconds, 2),
            frames=len(clip.times),
        )
    some = clip.thumbs[:: max(1, len(clip.thumbs) // SOME)]
    if not tracks:
        raise unlit(some) or NoFace()
    track = tracks[0]
    share = len(track.indices) / len(clip.motion_times)
    if len(track.indices) < LEAST_LOOKS or share < LEAST_FACE_SHARE:
        raise unlit(some) or NoFace(
            f"A face was seen in only {len(track.indices)} of {len(clip.motion_times)} frames looked at. "
            "Film the face from the front for the whole time.",
            frames=len(track.indices),
        )
    certainty = float(np.median(track.scores))
    if certainty < LEAST_FACE_SCORE:
        raise unlit(some) or NoFace(face_confidence=round(certainty, 2))
    width = float(np.median(track.boxes[:, 2] - track.boxes[:, 0]))
    luminance = float(np.median([sample.luminance for sample in track.samples]))
    sharpness = float(max(sample.sharpness for sample in track.samples))
    reach = float(np.median([sample.reach for sample in track.samples]))
    inside = _inside(clip, track)
    if inside < LEAST_INSIDE:
        raise Occluded(inside=round(inside, 2))
    if width < LEAST_WIDTH:
        raise FaceTooSmall(
            f"The face is {width:.0f} pixels wide. Come closer: at least {GOOD_WIDTH:.0f} are advised.",
            face_width=round(width),
        )
    if luminance < DARKEST:
        raise TooDark(luminance=round(luminance))
    if luminance > BRIGHTEST:
        raise TooBright(luminance=round(luminance))
    if sharpness < BLURREST and luminance < GOOD_DARK:  # Without light there is no contrast to be sharp.
        raise TooDark(luminance=round(luminance))
    if sharpness < BLURREST:
        raise Blurred(sharpness=round(sharpness, 1))
    checks = [
        (width < GOOD_WIDTH, "face_too_small", f"The face is only {width:.0f} pixels wide; 64 are advised."),
        (
            reach < GOOD_REACH,
            "face_too_close",
            "The face fills the picture; farther away, with some background, the answer is surer.",
        ),
        (luminance < GOOD_DARK, "too_dark", "The face is dark; more light would make the answer surer."),
        (luminance > GOOD_BRIGHT, "too_bright", "The face is very bright; less light would make the answer surer."),
        (sharpness < GOOD_SHARP, "blurred", "The face is blurred even in the sharpest frame."),
        (inside < GOOD_INSIDE, "face_occluded", "Part of the face is outside the picture most of the time."),
        (
            certainty < GOOD_FACE_SCORE,
            "face_occluded",
            "The face is hard to see: covered, turned away or distorted.",
        ),
        (len(track.samples) < GOOD_LOOKS, "video_too_short", f"Only {len(track.samples)} looks at the face."),
        (share < GOOD_FACE_SHARE, "face_missing", f"The face is seen in only {share:.0%} of the clip."),
        (_several(tracks), "several_faces", "Several faces are in the picture; the largest was judged."),
        (clip.video.fps < GOOD_FPS, "low_frame_rate", f"Only {clip.video.fps:.1f} frames a second; 15 are advised."),
    ]
    warnings = {code: Reason(code, message) for applies, code, message in reversed(checks) if applies}
    return Quality(
        usable_frames=len(track.samples),
        face_width=width,
        luminance=luminance,
        sharpness=sharpness,
        face_ratio=share,
        warnings=tuple(reversed(warnings.values())),
    )


def unlit(pictures: npt.NDArray[np.uint8]) -> TooDark | TooBright | None:
    """Why no face can be seen in pictures, (..., 3) uint8, if it is the light: nine tenths are dark, or burnt out.

    Black and white are left out, because they may be a border around a picture in good light.
    """
    gray = pictures.mean(axis=-1)
    lit, shaded = gray[gray >= BLACK], gray[gray <= WHITE]
    if not lit.size or np.percentile(lit, 90) < GOOD_DARK:
        return TooDark("The picture is too dark to see a face. Try again with more light on it.", luminance=_mean(gray))
    if not shaded.size or np.percentile(shaded, 10) > BRIGHTEST:
        return TooBright("The picture is over-exposed. Try again with less light.", luminance=_mean(gray))
    return None


def _mean(gray: npt.NDArray[np.float64]) -> int:
    return round(float(gray.mean()))


def _inside(clip: Clip, track: FaceTrack) -> float:
    """Median share of the face box that lies inside the frame, 0..1."""
    size = np.array([clip.video.width, clip.video.height], np.float32)
    low, high = np.clip(track.boxes[:, :2], 0, size), np.clip(track.boxes[:, 2:], 0, size)
    whole = np.prod(track.boxes[:, 2:] - track.boxes[:, :2], axis=1)
    return float(np.median(np.prod(high - low, axis=1) / np.maximum(whole, 1e-6)))


def _several(tracks: list[FaceTrack]) -> bool:
    """Whether another face is seen at the same time as the judged one, and not just for a moment."""
    first = set(tracks[0].indices.tolist())
    return any(len(first & set(other.indices.tolist())) >= max(3, len(first) // 5) for other in tracks[1:])
