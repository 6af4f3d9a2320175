"""Detects cartoons, avatars and filtered pictures: a face drawn with even areas or few colours.

Skin has pores and shading and a sensor has noise, so that gray levels change almost everywhere; drawn and simply
rendered faces have areas without any change beside sharp edges (cartoon against photograph: Ianeva et al. 2003;
computer graphics against photographs: Lyu and Farid 2005). A picture reduced to few colours has gray levels at even
distances: the Fourier transform of its histogram has a peak there (on histograms that tell of processing: Stamm and Liu
2010).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.cues.evidence import ramp, silent
from alive402.liveness.faces import FaceTrack, Sample
from alive402.liveness.media import Clip
from alive402.liveness.report import Cue

NAME = "drawn"
UNIT = "share of the face without any shading"
NORMAL = (0.0, 0.42)

LOOKS, LEAST_LOOKS = 5, 3
SIDE, LEAST_SIDE = 160, 40
"""Width in px to which larger faces are shrunk, and the width below which nothing is measured."""
EDGE, EVEN = 98, 0.03
"""An edge is the 98th percentile of the slopes; a pixel is even below 3 % of that."""

# Drawn and rendered heads have more of the face without shading than people, and edges that are steeper against their
# usual slope. The limits are for the less even half of the face, which alone counts.
LEAST_LIT = 0.4
"""Least share of the face that is neither black nor burnt out; with less, the cue has no score."""
EVEN_NOTHING, EVEN_CERTAIN = 0.46, 0.54
RATIO_NOTHING, RATIO_CERTAIN = 25.0, 32.0
EDGE_NOTHING, EDGE_CERTAIN = 14.0, 19.0

# A picture with few colours has a comb in its histogram, mostly a higher one than a bona fide clip whose light or
# contrast is cut.
LEVELS = np.arange(4, 37)
BESIDE = 4
SPREAD = 1.5
"""Least spread of the colours, in distances between levels: a narrow histogram has peaks of its own."""
CLIPPED, LEAST_UNCLIPPED = 6, 0.3
"""Gray levels ignored at both ends, and the least share of pixels left: clipping makes a spike, not a comb."""
COLOURS_NOTHING, COLOURS_CERTAIN = 0.2, 0.28
FACE = slice(24, 104)
"""Part of the middle view (128 px a side) that is measured: the head and a little around it."""

_GRAYS = np.arange(256)
_WAVES = np.exp(2j * np.pi * _GRAYS * LEVELS[:, None] / 255)


def drawn(clip: Clip, track: FaceTrack) -> Cue:
    """Share of the face that has no shading at all. Negative score: drawn, rendered or reduced to few colours.

    Never positive: a screen shows camera pictures too.
    """
    looks = [one for one in track.samples if min(one.texture.shape) >= LEAST_SIDE]
    chosen = [looks[place] for place in np.unique(np.linspace(0, len(looks) - 1, LOOKS).astype(int))] if looks else []
    if len(chosen) < LEAST_LOOKS:
        return silent(NAME, UNIT, NORMAL, "The face is too small to tell a drawing.", "injected_or_edited")
    even, ratio, edge = np.median([_evenness(one.texture) for one in chosen], axis=0).tolist()
    flat = min(
        ramp(even, EVEN_NOTHING, EVEN_CERTAIN),
        ramp(ratio, RATIO_NOTHING, RATIO_CERTAIN),
        ramp(edge, EDGE_NOTHING, EDGE_CERTAIN),
    )
    few = ramp(_comb(chosen), COLOURS_NOTHING, COLOURS_CERTAIN)
    message = "The face has the shading of a filmed one."
    if max(flat, few) > 0:
        message = (
            "The face is drawn of even areas with sharp edges: a cartoon or an avatar, not a camera's picture."
            if flat >= few
            else "The face is painted in few colours: a filtered picture or an avatar, not a camera's picture."
        )
    return Cue(NAME, 0.0 - max(flat, few), 0.0, even, UNIT, NORMAL, message, "injected_or_edited")


def _evenness(texture: npt.NDArray[np.uint8]) -> tuple[float, float, float]:
    """(share of the less even half of the face without slope, edge / usual slope, edge in gray levels a px)."""
    height, width = texture.shape
    if width > SIDE:
        height, width = max(1, round(height * SIDE / width)), SIDE
        texture = np.asarray(cv2.resize(texture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    inner = texture[round(0.05 * height) : round(0.95 * height), round(0.12 * width) : round(0.88 * width)]
    across, down = (cv2.Sobel(inner, cv2.CV_32F, x, 1 - x, scale=1 / 8) for x in (1, 0))
    slope = cv2.magnitude(across, down)
    lit = (inner > CLIPPED) & (inner < 255 - CLIPPED)  # Burnt-out skin and black glass have no slopes in any picture.
    if lit.mean() < LEAST_LIT:
        return 0.0, 0.0, 0.0
    usual, edge = (float(one) for one in np.percentile(slope[lit], [50, EDGE]))
    half = len(inner) // 2
    # Glasses or a mask make their half of the face even; a drawing makes both halves even.
    even = min(
        float((slope[part] < EVEN * edge)[lit[part]].mean()) for part in (np.s_[:half], np.s_[half:]) if lit[part].any()
    )
    return even, edge / (usual + 0.1), edge


def _comb(looks: list[Sample]) -> float:
    """How far the highest peak in the colour histogram's spectrum exceeds its neighbours; about 0 without a peak."""
    spectrum, spread = np.zeros(len(LEVELS)), 0.0
    for channel in range(3):
        counts = np.sum([np.bincount(one.mid[FACE, FACE, channel].ravel(), minlength=256) for one in looks], axis=0)
        inner = np.where((_GRAYS >= CLIPPED) & (_GRAYS < 256 - CLIPPED), counts, 0)
        if inner.sum() < LEAST_UNCLIPPED * max(1, counts.sum()):
            return 0.0
        shares = inner / inner.sum()
        spectrum += abs(_WAVES @ shares) / 3
        spread += float(np.sqrt((shares * (_GRAYS - (shares * _GRAYS).sum()) ** 2).sum())) / 3
    places = [place for place in range(BESIDE, len(LEVELS) - BESIDE) if LEVELS[place] * spread / 255 >= SPREAD]
    around = (spectrum[place] - max(_low(spectrum, place, -1), _low(spectrum, place, 1)) for place in places)
    return float(max(around, default=0.0))


def _low(spectrum: npt.NDArray[np.float64], place: int, side: int) -> float:
    """The least value on one side of a place, at most `BESIDE` away."""
    return float(spectrum[place - BESIDE : place].min() if side < 0 else spectrum[place + 1 : place + 1 + BESIDE].min())
