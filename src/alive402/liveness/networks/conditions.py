"""How a face was filmed: without colour, in little light, or so close that it fills the picture.

Each lowers the network's score of a person, and the fusion adds a fitted amount for each: measures of quality as inputs
of a fusion, as in Kittler, Poh et al. 2007, "Quality dependent fusion of intramodal and multimodal biometric experts",
Proc. SPIE 6539.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]

COLOURFUL = 0.12
"""Mean distance of the strongest and the weakest channel, in means of the strongest, from which a view has colour."""
LIGHT, DARK = 70.0, 20.0
"""Mean gray of the face from which it is light, and up to which it is dark."""
METERED, MOST_GAIN = 80.0, 4.0
"""Mean gray to which a darker face is brought for the network, and the largest factor for that."""
ROOM, FULL = 1.9, 1.2
"""Times the face box that a picture has room for, from which it shows the surroundings, and up to which only a face."""
_FLOOR = 8.0


def colourless(wide: Sequence[Image]) -> Floats:
    """(n,) float32, 0 colour .. 1 none, of n wide views, (h, h, 3) uint8 BGR."""
    distances = []
    for view in wide:
        blue, green, red = cv2.split(view)
        strongest = cv2.mean(cv2.max(cv2.max(blue, green), red))[0]
        weakest = cv2.mean(cv2.min(cv2.min(blue, green), red))[0]
        distances.append((strongest - weakest) / (strongest + _FLOOR))
    return np.asarray(np.clip(1 - np.array(distances) / COLOURFUL, 0, 1), np.float32)


def brightness(mid: Sequence[Image], faces: Sequence[Floats]) -> Floats:
    """(n,) float32, mean gray 0..255 of the faces in n mid views, (h, h, 3) uint8 BGR.

    Args:
        mid: the views.
        faces: (n, 4), x1 y1 x2 y2 of each face in its view, 0..1 of the view's side.
    """
    means = []
    for view, face in zip(mid, faces, strict=True):
        side = len(view)
        left, top = np.clip((face[:2] * side).round().astype(int), 0, side - 1)
        right, bottom = np.clip((face[2:] * side).round().astype(int), [left + 1, top + 1], side)
        means.append(float(cv2.cvtColor(np.ascontiguousarray(view[top:bottom, left:right]), cv2.COLOR_BGR2GRAY).mean()))
    return np.asarray(means, np.float32)


def dark(bright: Floats) -> Floats:
    """(n,) float32, 0 light .. 1 dark, of faces with the given `brightness`."""
    return np.asarray(np.clip((LIGHT - bright) / (LIGHT - DARK), 0, 1), np.float32)


def exposed(view: Image, bright: float) -> Image:
    """The view as a camera would expose it that meters the face: multiplied until the face is `METERED` gray.

    A view whose face is brighter stays as it is. A dark face before a bright background is taken for life too often
    otherwise, a person at night for an attack.

    Args:
        bright: `brightness` of the face.
    """
    gain = min(METERED / max(bright, 1.0), MOST_GAIN)
    return view if gain <= 1 else np.asarray(cv2.convertScaleAbs(np.ascontiguousarray(view), alpha=gain), np.uint8)


def close(reach: Sequence[float]) -> Floats:
    """(n,) float32, 0 with surroundings .. 1 without, of n looks; `reach` as in `faces.Sample`."""
    return np.asarray(np.clip((ROOM - np.asarray(reach)) / (ROOM - FULL), 0, 1), np.float32)
