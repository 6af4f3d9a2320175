"""Flicker cue: a display's refresh and dimming make the light of the face tremble apart from the light of the room."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from alive402.liveness.cues.evidence import ramp, silent
from alive402.liveness.cues.regions import boxes_on_thumbs, frame_rate
from alive402.liveness.faces import FaceTrack
from alive402.liveness.media import Clip
from alive402.liveness.report import AttackType, Cue

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

NAME, UNIT, NORMAL = "flicker", "% of flicker of the face's light apart from the room's", (0.0, 0.35)
ATTACK: AttackType = "screen_replay"
LEAST_FPS = 10.0
"""Least frames a second; below, a person's motion between two frames is larger than any flicker."""
LEAST_FRAMES = 16
LEAST_FACE = 9.0
"""Least width of the face in px of the small frame; beside a smaller face is the body, which moves."""
MOST_FRAMES = 300
"""Most frames used, consecutive from the first: 10 s at 30 fps are enough, and bound the time."""
NEAR, FAR = 0.8, 1.6
"""Distance beside the middle of the face in face widths: up to the first counts as device, beyond the second as
room."""
ABOVE = 1.0
"""Height above and below the middle of the face that is measured, in face heights."""
LEAST_NEAR, LEAST_FAR, LEAST_ROWS = 3, 6, 4
"""Least columns and rows of a small frame for a meaningful median."""
EVERY = 2
"""Only every second row and column is used: medians hardly change, at a quarter of the time."""
GRAY = np.array([0.114, 0.587, 0.299], np.float32)
"""Weights of blue, green and red."""
DARK = 8.0
"""Gray levels added before the logarithm, so that noise in the dark does not count as flicker."""
GRID = 32
"""Number of points to which the measured rows are resampled, so that bands are counted over the same height."""
WINDOW = np.hanning(GRID)
FEWEST_BANDS, MOST_BANDS = 3, 9
"""Least and most cycles over that height: fewer are shading by motion, more are finer than the small frames."""
BANDED = 6.0
"""Least ratio of the strongest number of bands to its neighbours. Bona fide clips stay below it, and the
bands of lamps and displays are well above."""
TREMBLING, SHAKING = 0.4, 1.0
"""Flicker in % at which evidence begins and is certain. Bona fide clips stay below the first, also where
somebody walks through the picture."""
HEAVIEST = 0.5
"""Largest absolute score: motion and dimming lamps can look the same as a display."""


def flicker(clip: Clip, track: FaceTrack) -> Cue:
    """Compare the light around the face with the light of the room, row by row, from frame to frame.

    A rolling shutter turns the refresh of a display into dark and bright rows, and its dimming into flicker: traces of
    replay that Pinto, Schwartz, Pedrini and Rocha, "Using Visual Rhythms for Detecting Video-Based Facial Spoof
    Attacks" (IEEE TIFS 2015), look for in the spectrum of the residual noise. Here it is measured without learning.
    The second difference in time of the log brightness removes what moves slowly; the median of each row removes small
    things that move fast; the difference to the same rows of the room removes lamps and the camera's own exposure.
    """
    fps, _ = frame_rate(clip)
    boxes = boxes_on_thumbs(clip, track)
    if boxes is None or fps < LEAST_FPS or len(clip.times) < LEAST_FRAMES:
        return silent(NAME, UNIT, NORMAL, "Too few frames a second to see a display flicker.", ATTACK)
    if float(np.median(boxes[:, 2] - boxes[:, 0])) < LEAST_FACE:
        return silent(NAME, UNIT, NORMAL, "The face is too small to compare its light with the room's.", ATTACK)
    thumbs = clip.thumbs[:MOST_FRAMES, ::EVERY, ::EVERY]
    gray = np.log(thumbs @ GRAY + np.float32(DARK))
    tremble = gray[1:-1] - (gray[:-2] + gray[2:]) / 2
    levels: list[float] = []
    rhythms: list[Doubles] = []
    for frame, box in zip(tremble, boxes[1 : len(tremble) + 1] / EVERY, strict=True):
        rows = _apart_from_room(frame, box)
        if rows is not None:
            levels.append(abs(float(np.median(rows))))
            rhythms.append(_rhythm(rows))
    if len(levels) < LEAST_FRAMES - 2:
        return silent(NAME, UNIT, NORMAL, "There is too little around the face to compare its light with.", ATTACK)
    bands = _bands(np.stack(rhythms))
    value = 100 * (float(np.median(levels)) + bands)
    strength = HEAVIEST * ramp(value, TREMBLING, SHAKING)
    if strength > 0:
        seen = "Dark and bright bands roll over the face" if bands else "The light of the face trembles"
        message = f"{seen} ({value:.1f} %) apart from the light of the room, as on a display."
    else:
        message = "The light of the face is as steady as the light of the room."
    return Cue(NAME, 0.0 - strength, 0.0, value, UNIT, NORMAL, message, ATTACK)


def _apart_from_room(frame: Floats, box: Doubles) -> Doubles | None:
    """(r,) change of each row beside the face minus that of the room; None when either covers too little."""
    height, width = frame.shape
    across = np.abs(np.arange(width) + 0.5 - (box[0] + box[2]) / 2) / (box[2] - box[0])
    down = np.abs(np.arange(height) + 0.5 - (box[1] + box[3]) / 2) / (box[3] - box[1])
    near, far, rows = across < NEAR, across > FAR, down < ABOVE
    if near.sum() < LEAST_NEAR or rows.sum() < LEAST_ROWS:
        return None
    strip = frame[rows]
    # A face that fills the picture leaves no room beside it, so its rows are compared with the whole row.
    room = _medians(strip[:, far] if far.sum() >= LEAST_FAR else strip)
    return np.asarray(_medians(strip[:, near]) - room, np.float64)


def _medians(rows: Floats) -> Floats:
    """(r,) median of each row, several times as fast as `np.median` on rows this short."""
    middle, odd = divmod(rows.shape[1], 2)
    if odd:
        return np.partition(rows, middle, axis=1)[:, middle]
    ordered = np.partition(rows, (middle - 1, middle), axis=1)
    return np.asarray((ordered[:, middle - 1] + ordered[:, middle]) / 2, np.float32)


def _rhythm(rows: Doubles) -> Doubles:
    """(17,) power of the rows by number of bands over the height looked at."""
    stretched = np.interp(np.linspace(0, len(rows) - 1, GRID), np.arange(len(rows)), rows)
    return np.asarray(np.square(np.abs(np.fft.rfft((stretched - stretched.mean()) * WINDOW))), np.float64)


def _bands(rhythms: Doubles) -> float:
    """Height of the bands when one number of bands stands out throughout the clip, else 0."""
    total = rhythms.sum(axis=1, keepdims=True)
    share = np.median(rhythms / np.maximum(total, 1e-12), axis=0)
    number = FEWEST_BANDS + int(share[FEWEST_BANDS : MOST_BANDS + 1].argmax())
    around = float(np.median(np.concatenate([share[number - 3 : number - 1], share[number + 2 : number + 4]])))
    if share[number] < BANDED * max(around, 1e-6):
        return 0.0
    return float(np.sqrt(np.median(rhythms[:, number]))) / (GRID / 4)
