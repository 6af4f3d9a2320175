"""Reads head pose, mouth and place of a face from its mesh, as curves over time.

The forms use the picture's two coordinates only. The head is taken for a body on which the nose tip stands `NOSE`
half-widths before the line between the sides of the face; a scaled orthographic view of three such points gives its
rotation (Huttenlocher and Ullman 1990, "Recognizing solid objects by alignment with an image"). The proportions are
those of the canonical face of the mesh (Kartynnik et al. 2019, arXiv:1907.06724). The angles are relative ones: a
person's nose and rest are unknown, so movements are measured against the rest at the clip's beginning.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alive402.liveness.faces import FaceTrack

Doubles = npt.NDArray[np.float64]

RIGHT_EYE, LEFT_EYE = 33, 263
"""Outer corners; the person's right eye is on the left of the picture."""
RIGHT_SIDE, LEFT_SIDE = 234, 454
NOSE_TIP, UPPER_LIP, LOWER_LIP = 1, 13, 14
NOSE = 1.29
"""Depth of the nose tip before the sides of the face, in half-widths of the face."""
EYES = 1.16
"""Distance of the outer eye corners, in half-widths of the face."""
LEAST_WIDTH = 1.0
"""px; a smaller mesh is none."""


@dataclass(frozen=True, slots=True)
class Signals:
    """The curves of one face at the k frames with a mesh.

    Attributes:
        times: (k,) float64, seconds from the first frame, increasing.
        yaw: (k,) float64, degrees; positive when the person turns to their own left.
        pitch: (k,) float64, degrees; positive when the person looks up.
        mouth: (k,) float64, opening between the lips in distances of the outer eye corners.
        size: (k,) float64, natural logarithm of half the face's width in px.
        centre: (k, 2) float64, the middle of the eyes in median half-widths of the face.
    """

    times: Doubles
    yaw: Doubles
    pitch: Doubles
    mouth: Doubles
    size: Doubles
    centre: Doubles

    def mirrored(self) -> Signals:
        """The same face in a mirrored picture."""
        centre = self.centre * np.array([-1.0, 1.0])
        return Signals(self.times, -self.yaw, self.pitch, self.mouth, self.size, centre)


def read(track: FaceTrack) -> Signals:
    """The curves of a track, at those of its motion frames that have a mesh; empty where none has."""
    marks = np.asarray(track.landmarks, np.float64)
    across = marks[:, LEFT_EYE] - marks[:, RIGHT_EYE]
    with np.errstate(invalid="ignore"):
        known = np.isfinite(marks).all(axis=(1, 2)) & (np.hypot(across[:, 0], across[:, 1]) >= LEAST_WIDTH)
    marks, across = marks[known], across[known]
    if not len(marks):
        nothing = np.zeros(0)
        return Signals(nothing, nothing, nothing, nothing, nothing, np.zeros((0, 2)))
    across = across / np.linalg.norm(across, axis=1, keepdims=True)
    down = np.stack([-across[:, 1], across[:, 0]], axis=1)
    sides = marks[:, LEFT_SIDE] - marks[:, RIGHT_SIDE]
    nose = marks[:, NOSE_TIP] - (marks[:, LEFT_SIDE] + marks[:, RIGHT_SIDE]) / 2
    seen = np.maximum(_along(sides, across) / 2, LEAST_WIDTH / 2)
    ahead = _along(nose, across) / NOSE
    half_width = np.hypot(seen, ahead)
    lips = np.linalg.norm(marks[:, LOWER_LIP] - marks[:, UPPER_LIP], axis=1)
    eyes = (marks[:, LEFT_EYE] + marks[:, RIGHT_EYE]) / 2
    return Signals(
        times=np.asarray(track.times, np.float64)[known],
        yaw=np.degrees(np.arctan2(ahead, seen)),
        pitch=-np.degrees(np.arcsin(np.clip(_along(nose, down) / (NOSE * half_width), -1.0, 1.0))),
        mouth=lips / (EYES * half_width),
        size=np.log(half_width),
        centre=eyes / np.median(half_width),
    )


def _along(vectors: Doubles, axes: Doubles) -> Doubles:
    """(k,) the part of each vector along its axis."""
    return np.asarray((vectors * axes).sum(axis=1), np.float64)
