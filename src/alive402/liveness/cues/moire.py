"""Moire cue: the pixel grids of a display and a sensor interfere, which leaves a lone peak in the face's spectrum."""

from __future__ import annotations

import math
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.cues.evidence import ramp, silent
from alive402.liveness.faces import FaceTrack
from alive402.liveness.media import Clip
from alive402.liveness.report import AttackType, Cue

Floats = npt.NDArray[np.float32]

NAME, UNIT, NORMAL = "moire", "standard deviations of the strongest pattern above its surroundings", (3.0, 12.0)
ATTACK: AttackType = "screen_replay"
PATCH = 128
"""Side in px of the patches of the face, so that one bin is 1/128 cycles per px at every face size."""
LEAST_SIDE = 48
"""Least side of the face in px; a smaller face holds too few periods of any fringe."""
LEAST_SAMPLES = 3
"""Least number of samples. A display's fringe is in every look, so a single look proves nothing."""
INNER = 0.08
"""Share of each side of the face box that is left out: hair and background."""
LOWEST, HIGHEST = 14.0, 60.0
"""First and last bin used. Below 14 (periods above 9 px) are glasses, brows and lips; above 60 the spectrum folds."""
AXIS = 2
"""Number of bins left out beside both axes: block edges of JPEG and H.264, interlacing, ringing."""
BLOCK, BLOCK_REACH = 16, 1
"""Distance and half width, in bins, of the peaks of a codec's 8 px blocks, also off the axes."""
SURROUNDINGS = 6.0
"""Width in bins of the neighbourhood that a peak must exceed."""
DOUBTFUL, CERTAIN = 14.0, 20.0
"""Height of the peak in standard deviations at which evidence begins and is certain. Bona fide clips and
photos of things stay below the first; the fringes of displays are near the second."""
LEAST_PERSISTENCE = 0.6
"""Least share of the samples that must show the peak."""
PRESENT = 0.5
"""Height of a peak in nats above its surroundings at which a sample counts as showing it."""
DEVIATION_PER_MEDIAN = 1.4826
"""Factor from the median absolute deviation to the standard deviation of a normal distribution."""


def moire(clip: Clip, track: FaceTrack) -> Cue:
    """Look for a lone, lasting peak in the mean log spectrum of the face at native resolution.

    Faces have a spectrum that falls off smoothly, whatever the light; a sampled display adds narrow peaks, as in
    Patel, Han, Jain and Ott, "Live Face Video vs. Spoof Face Video: Use of Moire Patterns to Detect Replay Video
    Attacks" (ICB 2015), and Garcia and de Queiroz, "Face-Spoofing 2D-Detection Based on Moire-Pattern Analysis"
    (IEEE TIFS 2015). The peak is measured against the spread of the other bins of the same clip, so that neither
    noise nor the size of the face moves the threshold.
    """
    spectra = [spectrum for sample in track.samples if (spectrum := _log_spectrum(sample.texture)) is not None]
    if len(spectra) < LEAST_SAMPLES:
        return silent(NAME, UNIT, NORMAL, "The face is too small or was seen too rarely to look for moire.", ATTACK)
    mean = _excess(np.mean(spectra, axis=0, dtype=np.float32))
    inside = mean[_LOOKED_AT]
    middle = float(np.median(inside))
    spread = DEVIATION_PER_MEDIAN * float(np.median(np.abs(inside - middle)))
    if spread < 1e-6:
        return silent(NAME, UNIT, NORMAL, "The face has no texture in which moire could be seen.", ATTACK)
    place = np.unravel_index(int(np.where(_LOOKED_AT, mean, -np.inf).argmax()), mean.shape)
    value = (float(mean[place]) - middle) / spread
    strength = ramp(value, DOUBTFUL, CERTAIN)
    if strength > 0 and np.mean([_excess(one)[place] > PRESENT for one in spectra]) < LEAST_PERSISTENCE:
        strength = 0.0
    if strength > 0:
        period = PATCH / math.hypot(_ACROSS[place], _DOWN[place])
        message = (
            f"A fine regular pattern of {period:.1f} px lies over the face, as a display leaves when it is filmed."
        )
    else:
        message = "No regular pattern lies over the face."
    return Cue(NAME, 0.0 - strength, 0.0, value, UNIT, NORMAL, message, ATTACK)


_DOWN, _ACROSS = (
    axis.astype(np.int64)
    for axis in np.meshgrid(np.fft.fftfreq(PATCH) * PATCH, np.fft.rfftfreq(PATCH) * PATCH, indexing="ij")
)


def _looked_at() -> npt.NDArray[np.bool_]:
    """(128, 65) bool, the bins in which a peak can only come from something regular before the lens."""
    radius = np.hypot(_DOWN, _ACROSS)
    bins = (radius > LOWEST) & (radius < HIGHEST) & (np.abs(_DOWN) > AXIS) & (_ACROSS > AXIS)
    near = [np.abs((axis + BLOCK // 2) % BLOCK - BLOCK // 2) <= BLOCK_REACH for axis in (_DOWN, _ACROSS)]
    kept: npt.NDArray[np.bool_] = bins & ~(near[0] & near[1])
    return kept


_LOOKED_AT = _looked_at()


@cache
def _window(shape: tuple[int, int]) -> Floats:
    """A Hann window of at most 128 px a side."""
    return np.outer(np.hanning(shape[0]), np.hanning(shape[1])).astype(np.float32)


def _log_spectrum(texture: npt.NDArray[np.uint8]) -> Floats | None:
    """(128, 65) natural log of the power, averaged over patches of the inner face; None when it is too small."""
    if texture.ndim != 2:
        return None
    height, width = texture.shape
    top, left = int(INNER * height), int(INNER * width)
    inner = texture[top : height - top, left : width - left].astype(np.float32)
    height, width = inner.shape
    if min(height, width) < LEAST_SIDE:
        return None
    detail = inner - cv2.GaussianBlur(inner, (0, 0), 3.0)
    # Edges of the face exceed any fringe unless each neighbourhood is brought to the same contrast.
    detail /= np.sqrt(_contrast(detail)) + 2.0
    power = np.zeros((PATCH, PATCH // 2 + 1), np.float32)
    corners = {(y, x) for y in (0, max(0, height - PATCH)) for x in (0, max(0, width - PATCH))}
    corners.add((max(0, (height - PATCH) // 2), max(0, (width - PATCH) // 2)))
    for y, x in sorted(corners):
        patch = detail[y : y + PATCH, x : x + PATCH]
        power += _power(patch * _window(patch.shape))
    log_power: Floats = np.log(power / len(corners) + np.float32(1e-3))
    return log_power


def _contrast(detail: Floats) -> Floats:
    """Mean square of the detail around each px, by a Gaussian of 8 px, computed at half the size."""
    height, width = detail.shape
    half = cv2.resize(detail * detail, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)
    wide = cv2.resize(cv2.GaussianBlur(half, (0, 0), 4.0), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide, np.float32)


def _power(patch: Floats) -> Floats:
    """(128, 65) float32, the squared spectrum of a patch of at most 128 px a side."""
    height, width = patch.shape
    packed = cv2.dft(cv2.copyMakeBorder(patch, 0, PATCH - height, 0, PATCH - width, cv2.BORDER_CONSTANT))
    # Columns of real and imaginary parts; of the first and the last, which are even, rows of them (`cv::dft`).
    power = np.empty((PATCH, PATCH // 2 + 1), np.float32)
    power[:, 1:-1] = np.square(packed[:, 1:-1:2]) + np.square(packed[:, 2:-1:2])
    for column, values in ((0, packed[:, 0]), (-1, packed[:, -1])):
        power[[0, PATCH // 2], column] = np.square(values[[0, -1]])
        power[1 : PATCH // 2, column] = np.square(values[1:-1:2]) + np.square(values[2:-1:2])
        power[PATCH // 2 + 1 :, column] = power[PATCH // 2 - 1 : 0 : -1, column]
    return power


def _excess(log_power: Floats) -> Floats:
    """Height of each bin above its surroundings, in nats."""
    rolled = np.fft.fftshift(log_power, axes=0)
    # The left half is the right half turned by 180 degrees: mirrored in, the surroundings have no border at 0.
    reach = int(3 * SURROUNDINGS)
    turned = np.roll(rolled[::-1, 1 : reach + 1][:, ::-1], 1, axis=0)
    whole = np.concatenate([turned, rolled], axis=1)
    raised = cv2.GaussianBlur(whole - cv2.GaussianBlur(whole, (0, 0), SURROUNDINGS), (0, 0), 0.7)
    excess: Floats = np.fft.ifftshift(raised[:, reach:], axes=0)
    return excess
