"""The position of the face in every small frame of a clip, for the cues of light and colour."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from alive402.liveness.faces import FaceTrack
from alive402.liveness.media import Clip

Doubles = npt.NDArray[np.float64]

LEAST_BOX_SIDE = 1.0
"""px of the upright frame; a smaller box is no face."""


def sound_boxes(track: FaceTrack) -> npt.NDArray[np.bool_]:
    """(k,) bool, which boxes of the track are finite and have an area."""
    boxes = np.asarray(track.boxes, np.float64).reshape(-1, 4)
    finite = np.isfinite(boxes).all(axis=1)
    boxes = np.where(np.asarray(finite)[:, None], boxes, 0.0)
    return np.asarray((boxes[:, 2:] - boxes[:, :2] >= LEAST_BOX_SIDE).all(axis=1), np.bool_)


def boxes_on_thumbs(clip: Clip, track: FaceTrack) -> Doubles | None:
    """(n, 4) float64, x1 y1 x2 y2 in px of `clip.thumbs` for each of the n frames; None if no box is sound."""
    sound = sound_boxes(track)
    if not sound.any() or not len(clip.times):
        return None
    scale = max(clip.thumbs.shape[1:3]) / max(clip.video.width, clip.video.height, 1)
    boxes = np.asarray(track.boxes, np.float64)[sound] * scale
    return np.stack([np.interp(clip.times, track.times[sound], boxes[:, side]) for side in range(4)], axis=1)


def frame_rate(clip: Clip) -> tuple[float, float]:
    """Frames a second and length in seconds of the clip, from its timestamps; (0, 0) when it has no length."""
    if len(clip.times) < 2:
        return 0.0, 0.0
    seconds = float(clip.times[-1] - clip.times[0])
    return ((len(clip.times) - 1) / seconds, seconds) if seconds > 0 else (0.0, 0.0)
