"""Pulse cue: each heartbeat colours living skin, in all parts of the face at once. Scores only for life."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from alive402.liveness.cues.evidence import ramp, silent
from alive402.liveness.cues.regions import boxes_on_thumbs, frame_rate, sound_boxes
from alive402.liveness.faces import FaceTrack
from alive402.liveness.media import Clip
from alive402.liveness.report import Cue

Doubles = npt.NDArray[np.float64]

NAME, UNIT, NORMAL = "pulse", "dB of the heartbeat above the noise", (-8.0, 12.0)
LEAST_FPS, LEAST_SECONDS, MOST_SECONDS = 15.0, 4.0, 20.0
"""Least frames a second of the video (a slower one aliases the beat; at least 10 of them are decoded), least seconds,
and most seconds used: more adds time and little else."""
RATE = 30.0
"""Rate in Hz to which colours are resampled, because phones do not keep a constant frame rate."""
REGIONS = ((0.25, 0.12, 0.75, 0.32), (0.12, 0.50, 0.40, 0.78), (0.60, 0.50, 0.88, 0.78))
"""x1 y1 x2 y2 in shares of the upright face box: forehead, both cheeks."""
LEAST_REGION = 2.0
"""Least side of a region in px of the small frame."""
WINDOW = 1.6
"""Seconds over which POS adapts to the colour of skin and light: one beat, as its authors chose."""
SLOWEST, FASTEST = 0.75, 3.0
"""Slowest and fastest beat in Hz: 45 to 180 beats a minute."""
REACH = 0.2
"""Distance in Hz from the beat and its double that still belongs to them; a window of 4 s resolves no finer."""
AGREEMENT = 0.15
"""Most difference in Hz between the beats of the regions."""
COHERENCE = 0.5
"""Least mean correlation between the regions at which they count as beating together."""
STILL = 0.06
"""Most motion, in face widths (standard deviation): shading by more motion exceeds any pulse at the same frequency."""
LARGEST_CHANGE = 0.05
"""Most relative change of a region's brightness; a beat is under 0.01, the rest is light and motion."""
NOTHING, CERTAIN = 0.0, 6.0
"""Signal-to-noise ratio in dB at which evidence begins and is certain."""
HEAVIEST = 0.4
"""Largest score: a replay carries the pulse of the replayed person."""


def pulse(clip: Clip, track: FaceTrack) -> Cue:
    """Measures the pulse by remote photoplethysmography (POS) on three regions of the face.

    Method: Wang, den Brinker, Stuijk and de Haan, "Algorithmic Principles of Remote PPG" (IEEE TBME 2017). The figure
    is the signal-to-noise ratio of de Haan and Jeanne, "Robust Pulse Rate from Chrominance-Based rPPG" (IEEE TBME
    2013). It counts only when the regions beat together, the face keeps still and the colour changes little: swaying
    makes a rhythm too, and a hand-held phone sways.
    """
    _, seconds = frame_rate(clip)
    fps = (len(clip.times) + len(clip.unseen) - 1) / seconds if seconds > 0 else 0.0
    boxes = boxes_on_thumbs(clip, track)
    if boxes is None or fps < LEAST_FPS or seconds < LEAST_SECONDS:
        return silent(NAME, UNIT, NORMAL, "A pulse needs at least 4 s of video at 15 frames a second.")
    if _motion(track) > STILL:
        return silent(NAME, UNIT, NORMAL, "The face moves too much for its pulse to be seen.")
    seconds_of = clip.times - clip.times[0]
    first = int(np.searchsorted(seconds_of, MOST_SECONDS, side="right"))
    seconds_of = seconds_of[:first]
    colours = _colours(clip.thumbs[:first], boxes[:first], track.turn)
    if colours is None:
        return silent(NAME, UNIT, NORMAL, "The face is too small, too dark or too far outside to see its pulse.")
    green = colours[..., 1]
    if float(np.max(np.std(green, axis=1) / np.mean(green, axis=1))) > LARGEST_CHANGE:
        return silent(NAME, UNIT, NORMAL, "The light on the face changes too much for its pulse to be seen.")
    clock = np.arange(0.0, float(seconds_of[-1]), 1 / RATE)
    beats = np.stack(
        [_pos(np.stack([np.interp(clock, seconds_of, one[:, band]) for band in range(3)], axis=1)) for one in colours]
    )
    spread = beats.std(axis=1)
    if float(spread.min()) < 1e-9:
        return silent(NAME, UNIT, NORMAL, "The colour of the face does not change at all.")
    whole = (beats / spread[:, None]).sum(axis=0)
    value, beat = _signal_to_noise(whole)
    apart = max(abs(_signal_to_noise(one)[1] - beat) for one in beats)
    coherence = float(np.asarray(np.corrcoef(beats))[np.triu_indices(len(beats), 1)].mean())
    # The slowest allowed beat is where drift and swaying end up, so a maximum there does not count.
    sure = apart <= AGREEMENT and coherence >= COHERENCE and beat > SLOWEST + AGREEMENT / 2
    strength = HEAVIEST * ramp(value, NOTHING, CERTAIN) if sure else 0.0
    message = (
        f"The skin changes colour with a heart beat of {60 * beat:.0f} a minute, alike on forehead and cheeks."
        if strength > 0
        else "No heart beat stands out of the noise, which is common and is no evidence."
    )
    return Cue(NAME, strength, 0.0, value, UNIT, NORMAL, message)


def _motion(track: FaceTrack) -> float:
    """Standard deviation of the middle of the face, in face widths, along the axis it moves most on."""
    boxes = np.asarray(track.boxes, np.float64)[sound_boxes(track)]
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    return float(middles.std(axis=0).max() / np.median(boxes[:, 2] - boxes[:, 0]))


def _colours(thumbs: npt.NDArray[np.uint8], boxes: Doubles, turn: int) -> Doubles | None:
    """(3, n, 3) mean red, green, blue of each region and frame, weighted by parts of pixels; None without light.

    A region is followed with sub-pixel accuracy, because whole steps would change its colour more than blood does.
    """
    # Only where the face ever is: summing up the rest would take most of the time.
    bounds = np.array([thumbs.shape[2], thumbs.shape[1]])
    left, top = np.clip(np.floor(boxes[:, :2].min(axis=0)), 0, bounds).astype(int)
    right, bottom = np.clip(np.ceil(boxes[:, 2:].max(axis=0)), 0, bounds).astype(int)
    if right - left < LEAST_REGION or bottom - top < LEAST_REGION:
        return None
    thumbs, boxes = thumbs[:, top:bottom, left:right], boxes - np.tile([left, top], 2)
    count, height, width = thumbs.shape[:3]
    sums = np.zeros((count, height + 1, width + 1, 3))
    sums[:, 1:, 1:] = np.cumsum(np.cumsum(thumbs, axis=1, dtype=np.float64), axis=2)
    origin, sides = boxes[:, :2], boxes[:, 2:] - boxes[:, :2]
    colours = []
    for region in REGIONS:
        shares = np.asarray(_turned(region, turn))
        low = np.clip(origin + shares[:2] * sides, 0, [width, height])
        high = np.clip(origin + shares[2:] * sides, 0, [width, height])
        if float((high - low).min()) < LEAST_REGION:
            return None
        total = (
            _sum_to(sums, high[:, 0], high[:, 1])
            - _sum_to(sums, low[:, 0], high[:, 1])
            - _sum_to(sums, high[:, 0], low[:, 1])
            + _sum_to(sums, low[:, 0], low[:, 1])
        )
        colours.append((total / (high - low).prod(axis=1)[:, None])[:, ::-1])
    found = np.stack(colours)
    return found if float(found.min()) > 1.0 else None


def _turned(region: tuple[float, float, float, float], turn: int) -> tuple[float, float, float, float]:
    """The region of the upright face in a frame that stands upright after a turn by `turn` counter-clockwise."""
    left, top, right, bottom = region
    for _ in range(turn // 90 % 4):
        left, top, right, bottom = 1 - bottom, left, 1 - top, right
    return left, top, right, bottom


def _sum_to(sums: Doubles, x: Doubles, y: Doubles) -> Doubles:
    """(n, 3) sum of the colours above and left of (x, y) in each frame, interpolated in the integral image."""
    frame = np.arange(len(sums))
    column, row = np.minimum(x.astype(int), sums.shape[2] - 2), np.minimum(y.astype(int), sums.shape[1] - 2)
    right, down = (x - column)[:, None], (y - row)[:, None]
    upper = sums[frame, row, column] * (1 - right) + sums[frame, row, column + 1] * right
    lower = sums[frame, row + 1, column] * (1 - right) + sums[frame, row + 1, column + 1] * right
    return np.asarray(upper * (1 - down) + lower * down, np.float64)


def _pos(colour: Doubles) -> Doubles:
    """(n,) pulse of (n, 3) red, green, blue: window by window, projected on the plane orthogonal to skin."""
    length = min(int(WINDOW * RATE), len(colour))
    windows = np.lib.stride_tricks.sliding_window_view(colour, length, axis=0)
    normal = windows / windows.mean(axis=2, keepdims=True)
    red, green, blue = normal[:, 0], normal[:, 1], normal[:, 2]
    across, along = green - blue, green + blue - 2 * red
    beat = across + across.std(axis=1, keepdims=True) / np.maximum(along.std(axis=1, keepdims=True), 1e-9) * along
    beat -= beat.mean(axis=1, keepdims=True)
    added = np.zeros(len(colour))
    for shift in range(length):
        added[shift : shift + len(beat)] += beat[:, shift]
    return added


def _signal_to_noise(beat: Doubles) -> tuple[float, float]:
    """dB of the strongest rhythm and its double against the rest of the band; and that rhythm in Hz."""
    power = np.square(np.abs(np.fft.rfft((beat - beat.mean()) * np.hanning(len(beat)), 4096)))
    hertz = np.fft.rfftfreq(4096, 1 / RATE)
    band = (hertz >= SLOWEST) & (hertz <= FASTEST)
    found = float(hertz[band][power[band].argmax()])
    wide = (hertz >= SLOWEST) & (hertz <= 2 * FASTEST)
    own = wide & ((np.abs(hertz - found) <= REACH) | (np.abs(hertz - 2 * found) <= REACH))
    signal, noise = float(power[own].sum()), float(power[wide & ~own].sum())
    return 10 * float(np.log10(max(signal, 1e-12) / max(noise, 1e-12))), found
