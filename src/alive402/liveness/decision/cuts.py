"""Finds where a clip was cut: hard cuts and cross-fades between two pictures that are not one continuous capture.

A cut is a step to another picture that the motion around it does not explain. Pictures are compared by the best
normalised cross-correlation over small shifts, which camera shake and exposure leave as it is, and by their colours.
Steps are judged against their neighbours (adaptive threshold: Yeo and Liu 1995, "Rapid scene analysis on compressed
video"; survey: Smeaton, Over, Doherty 2010, "Video shot boundary detection: Seven years of TRECVid activity").
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.decision.fades import LEAST_FEW, fades
from alive402.liveness.media import Clip

Floats = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]

SIDE = 48
"""px, longest side of the pictures that are compared."""
SHIFT = 3
"""Most camera shake from one frame to the next, in px of such a picture."""
SAME_FRAME = 0.35
"""Mean difference in gray levels below which two frames show the same picture."""
BLANK = 6.0
"""Standard deviation in gray levels below which a picture shows nothing, e.g. a black frame between two scenes."""
SUSPECT = 0.2
"""Structure distance, without a shift, above which a step is examined."""
MOST_SUSPECTS = 32
"""Most steps examined, the largest first; bounds the time that a hostile clip can take."""
STRUCTURE, COLOUR, EDGES = 0.16, 0.04, 0.57
"""Least distances across a cut. When somebody moves fast, the edges of the room stay where they are."""
TIMES = 1.5
"""Least ratio of a step's structure distance to that of the motion around it."""
TIMES_BOTH_BY_EDGES = (EDGES, 0.64, 0.8), (60.0, 4.0, 2.5)
TIMES_BOTH_BY_STRUCTURE = (STRUCTURE, 0.24, 0.5), (25.0, 4.0, 2.5)
"""Least ratio of structure times colour to that of the motion around: the less edges and structure differ, the
larger."""
JUMP_STRUCTURE, JUMP_EDGES, JUMP_TIMES = 0.4, 0.7, 5.0
"""Limits of a jump cut, in which the colours stay: a step as large as this is a cut even without a pause before it."""
STILL = 0.03, 0.015
"""Least change of structure and colour that is assumed between one picture and the next."""
AROUND = 1.0
"""Seconds before and after a step over which the clip's motion is measured."""
BESIDE, BESIDE_SECONDS = 3, 0.25
"""Pictures, and seconds, on each side of a step in which no pair may be alike. A flash or a bad frame is shorter."""
PAUSE, LONG_PAUSE, LONG_PAUSE_COLOUR = 0.15, 0.5, 0.15
"""Seconds without a new picture after which anything may have moved, so the colours have to differ more."""
LIGHT, LIGHT_EDGES = 2.5, 0.7
"""A step by this factor in brightness can be a switched lamp, so the edges have to differ by this much."""
BACK_SECONDS, BACK_STRUCTURE = 1.5, 0.2
"""A picture that returns this soon and this much alike was hidden, or something was inserted."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One cut.

    Attributes:
        begins, ends: seconds, last of the picture before and first of the picture after; further apart in a fade.
        back: seconds when the picture before the cut is seen again, if that is soon; else None.
    """

    begins: float
    ends: float
    back: float | None = None


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures of a clip that show something new.

    Attributes:
        times, last: (n,) float64, seconds when each was first and last shown.
        colour: (n, h, w, 3) uint8 BGR.
        gray: (n, h, w) float32.
    """

    times: npt.NDArray[np.float64]
    last: npt.NDArray[np.float64]
    colour: Image
    gray: Floats


def find(clip: Clip) -> tuple[Cut, ...]:
    """Every cut of the clip in time order."""
    seen = clip.once(pictures)
    if len(seen.times) < 4:
        return ()
    hard = _hard(seen)
    soft = fades(seen.gray, seen.times, hard, structure)
    ends = sorted([(place - 1, place) for place in hard] + soft)
    return tuple(
        Cut(float(seen.last[before]), float(seen.times[after]), _back(seen, before, after)) for before, after in ends
    )


def suspected(clip: Clip) -> bool:
    """Whether the decoded frames of a clip with others left out hint at a cut; its limits are wider than `find`'s."""
    seen = clip.once(pictures)
    if len(seen.times) < 4:
        return False
    return bool(float(_steps(seen.gray).max()) >= SUSPECT or fades(seen.gray, seen.times, (), structure, LEAST_FEW))


def _back(seen: Pictures, before: int, after: int) -> float | None:
    """Seconds when the picture before a cut is seen again, or None."""
    for later in range(after + 1, len(seen.times)):
        if seen.times[later] - seen.times[after] > BACK_SECONDS:
            break
        if structure(seen.gray[before], seen.gray[later]) < BACK_STRUCTURE:
            return float(seen.times[later])
    return None


def pictures(clip: Clip) -> Pictures:
    """The clip's pictures at 48 px, without blank ones and repetitions."""
    height, width = clip.thumbs.shape[1:3]
    scale = SIDE / max(height, width, 1)
    size = max(2 * SHIFT + 4, round(width * scale)), max(2 * SHIFT + 4, round(height * scale))
    times: list[float] = []
    last: list[float] = []
    colour: list[Image] = []
    grays: list[Image] = []
    for time, thumb in zip(clip.times.tolist(), clip.thumbs, strict=True):
        small = cv2.resize(thumb, size, interpolation=cv2.INTER_AREA)
        gray = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
        if grays and float(cv2.norm(gray, grays[-1], cv2.NORM_L1)) < SAME_FRAME * gray.size:
            last[-1] = time
        elif float(cv2.meanStdDev(gray)[1][0, 0]) >= BLANK:
            times.append(time)
            last.append(time)
            colour.append(small)
            grays.append(gray)
    if not grays:
        return Pictures(np.zeros(0), np.zeros(0), np.zeros((0, 1, 1, 3), np.uint8), np.zeros((0, 1, 1), np.float32))
    return Pictures(np.asarray(times), np.asarray(last), np.stack(colour), np.stack(grays).astype(np.float32))


def structure(one: Floats, other: Floats) -> float:
    """0 (alike) to 2: one minus the best correlation of two (h, w) pictures over shifts of up to 3 px."""
    inner = one[SHIFT:-SHIFT, SHIFT:-SHIFT]
    return 1.0 - float(cv2.matchTemplate(other, inner, cv2.TM_CCOEFF_NORMED).max())


def colours(one: Image, other: Image) -> float:
    """0 (alike) to 1: one minus the intersection of the a*b* histograms of two (h, w, 3) BGR pictures."""
    return 1.0 - float(np.minimum(_histogram(one), _histogram(other)).sum())


def _histogram(picture: Image) -> Floats:
    lab = cv2.cvtColor(cv2.GaussianBlur(picture, (3, 3), 0), cv2.COLOR_BGR2LAB)
    counts = cv2.GaussianBlur(cv2.calcHist([lab], [1, 2], None, [32, 32], [0, 256, 0, 256]), (5, 5), 0)
    return np.asarray(counts / max(float(counts.sum()), 1e-6), np.float32)


def _steps(gray: Floats) -> Floats:
    """(n - 1,) structure distance without a shift of each picture to the next."""
    flat = gray.reshape(len(gray), -1)
    centred = flat - flat.mean(axis=1, keepdims=True)
    centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)
    return np.asarray(1.0 - (centred[1:] * centred[:-1]).sum(axis=1), np.float32)


def _hard(seen: Pictures) -> list[int]:
    """Indices of the pictures before which the clip was cut."""
    plain = _steps(seen.gray)
    suspects = np.flatnonzero(plain >= SUSPECT)
    suspects = suspects[np.argsort(-plain[suspects])][:MOST_SUSPECTS]
    found: list[int] = []
    for _ in range(2):  # Repeated, because a short insert shows only between two known cuts.
        for place in suspects.tolist():  # The largest first: of two neighbours the larger is the cut.
            near = any(abs(place + 1 - other) < BESIDE - 1 for other in found)
            if not near and _is_cut(seen, place, plain, found):
                found.append(place + 1)
    return sorted(found)


def _is_cut(seen: Pictures, place: int, plain: Floats, known: list[int]) -> bool:
    """Whether the step from picture `place` to the next is a cut, given the cuts known so far."""
    here, there = seen.gray[place], seen.gray[place + 1]
    direct = structure(here, there)
    if direct < STRUCTURE:
        return False
    moved, tinted = (max(of, least) for of, least in zip(_around(seen, place, plain), STILL, strict=True))
    if direct < TIMES * moved:
        return False
    edges = structure(_edges(here), _edges(there))
    levels = sorted([float(here.mean()) + 1, float(there.mean()) + 1])
    if edges < (EDGES if levels[1] < LIGHT * levels[0] else LIGHT_EDGES):
        return False
    first = max([0, place + 1 - BESIDE, *(cut for cut in known if cut <= place)])
    end = min([len(seen.times), place + 1 + BESIDE, *(cut for cut in known if cut > place + 1)])
    before = [one for one in range(first, place + 1) if _beside(seen, one, place)]
    after = [one for one in range(place + 1, end) if _beside(seen, place + 1, one)]
    apart = min(structure(seen.gray[one], seen.gray[other]) for one in before for other in after)
    tint = min(colours(seen.colour[one], seen.colour[other]) for one in before for other in after)
    pause = float(seen.times[place + 1] - seen.times[place])
    if apart < max(STRUCTURE, TIMES * moved):
        return False
    if apart >= max(JUMP_STRUCTURE, JUMP_TIMES * moved) and edges >= JUMP_EDGES and pause <= PAUSE:
        return True
    if tint < float(np.interp(pause, (PAUSE, LONG_PAUSE), (COLOUR, LONG_PAUSE_COLOUR))):
        return False
    least = max(float(np.interp(edges, *TIMES_BOTH_BY_EDGES)), float(np.interp(apart, *TIMES_BOTH_BY_STRUCTURE)))
    return apart / moved * tint / tinted >= least


def _beside(seen: Pictures, one: int, other: int) -> bool:
    return abs(float(seen.times[one] - seen.times[other])) <= BESIDE_SECONDS


def _around(seen: Pictures, place: int, plain: Floats) -> tuple[float, float]:
    """How much structure and colours change from picture to picture around a step.

    The second largest change counts: the largest may be another cut.
    """
    starts = seen.times[1:]
    near = np.flatnonzero(np.abs(starts - starts[place]) <= AROUND)
    near = near[near != place]
    if len(near) < 2:
        return 0.0, 0.0
    largest = near[np.argsort(-plain[near])][:4]
    moved = sorted(structure(seen.gray[k], seen.gray[k + 1]) for k in largest)
    tinted = sorted(colours(seen.colour[k], seen.colour[k + 1]) for k in largest)
    return moved[-2], tinted[-2]


def _edges(gray: Floats) -> Floats:
    """(h, w) strength of the edges relative to their surroundings, so that a change of light has no effect."""
    smooth = cv2.GaussianBlur(gray, (0, 0), 0.8)
    strength = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    return np.asarray(strength / (cv2.blur(strength, (9, 9)) + 8.0), np.float32)
