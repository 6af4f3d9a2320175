"""Finds cross-fades: pictures that are a mixture of an earlier and a later one, with a rising share of the later."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

LENGTHS = (0.3, 0.6, 1.2)
"""Distances in seconds of the two compared pictures; a fade of about that length shows between them."""
EVERY = 0.1
"""Seconds between two tested places."""
MOST_PLACES = 120
"""Most places tested in a clip, spread over it; bounds the time."""
APART = 0.3
"""Least structure distance of the two pictures at which they can be two scenes."""
LEAST_BETWEEN, LEAST_FEW = 3, 1
"""Least pictures in the middle of a fade; and where frames were left out."""
ENDS = 0.06
"""Share of one picture in the other below which a fade has not begun, or has ended."""
UNEXPLAINED = 0.12
"""Most of the squared difference of the two pictures that a mixture of them may leave unexplained."""


def fades(
    gray: Floats,
    times: npt.NDArray[np.float64],
    hard: Sequence[int],
    distance: Callable[[Floats, Floats], float],
    between: int = LEAST_BETWEEN,
) -> list[tuple[int, int]]:
    """(before, after), indices of pictures at both ends of each cross-fade, in time order, without overlap.

    Least squares distinguish a mixture from motion: in a fade each picture f between a and b is `s a + (1 - s) b`, and
    s falls; something that moves from a to b is at a third place in between.

    Args:
        gray: (n, h, w) float32 pictures.
        times: (n,) float64 seconds.
        hard: indices of pictures before which there is a hard cut; no fade is looked for across one.
        distance: structure distance of two pictures.
        between: least pictures in the middle of a fade.
    """
    found: list[tuple[float, float, int, int]] = []
    flat = gray.reshape(len(gray), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    norms = np.maximum(np.linalg.norm(flat, axis=1), 1e-6)
    step = max(EVERY, float(times[-1] - times[0]) / MOST_PLACES)
    for start in np.unique(np.searchsorted(times, np.arange(times[0], times[-1], step))).tolist():
        for length in LENGTHS:
            end = min(int(np.searchsorted(times, times[start] + length)), len(times) - 1)
            if end - start <= between or any(start < cut <= end for cut in hard):
                continue
            if 1.0 - float(flat[start] @ flat[end]) / float(norms[start] * norms[end]) < APART:
                continue
            left, first, last = _mixture(flat[start : end + 1], between)
            if left < UNEXPLAINED and distance(gray[start], gray[end]) >= APART:
                found.append((-length, left, start + first, start + last))
    chosen: list[tuple[int, int]] = []
    for _, _, start, end in sorted(found):  # The longest first, because its middle looks like a shorter one.
        if all(end <= other[0] or start >= other[1] for other in chosen):
            chosen.append((start, end))
    return sorted(chosen)


def _mixture(flat: Floats, least: int) -> tuple[float, int, int]:
    """Share of the first and last picture's difference that mixing them does not explain, 0..1; start, end.

    It is 1 when the share of the last picture does not rise, or when no picture lies between both. The fade starts and
    ends where the share leaves 0 and reaches 1.
    """
    first, last = flat[0], flat[-1]
    across = last - first
    size = max(float(across @ across), 1e-6)
    away = flat - first
    shares = away @ across / size
    left = ((away - shares[:, None] * across) ** 2).sum(axis=1) / size
    between = (shares > 0.2) & (shares < 0.8)
    if between.sum() < least or bool((np.diff(shares[1:-1]) < -0.1).any()):
        return 1.0, 0, len(flat) - 1
    start = int(np.flatnonzero(shares < ENDS)[-1])
    end = int(np.flatnonzero(shares > 1 - ENDS)[0])
    return float(left[between].mean()), min(start, end - 1), end
