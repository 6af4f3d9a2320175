"""Decides whether two stretches of a clip plainly show different faces, by shape and colours of the face.

Without a network that recognises people this test is one-sided: proportions of the mesh distinguish two people
in some cases only, and colours change with the light. Plainly different means another person, or the same one under
other light or make-up; not plainly different means nothing.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.faces import VIEW_SIDE, FaceTrack, Sample
from alive402.liveness.networks import MID_VIEW

Doubles = npt.NDArray[np.float64]

RIGHT_EYE, LEFT_EYE = (33, 133), (362, 263)
LENGTHS = ((6, 1), (1, 0), (0, 17), (17, 152), (33, 133), (263, 362), (61, 291), (129, 358), (70, 105), (234, 454))
"""Pairs of mesh points: nose, upper lip, mouth, chin, eyes, mouth width, nose width, brow, face width."""
LEAST_MESHES = 3
SHAPE_DEVIATION = 0.08
"""Typical deviation of the log of a length, in eye distances, between two halves of one clip."""
SHAPE, COLOUR = 3.0, 9.0
"""Shape distance in deviations and colour distance in a*b* units above which two faces are plainly different."""


def differ(one: FaceTrack, other: FaceTrack) -> bool:
    """Whether the two faces are plainly different."""
    return shape_distance(one, other) > SHAPE or colour_distance(one.samples, other.samples) > COLOUR


def shape_distance(one: FaceTrack, other: FaceTrack) -> float:
    """Root mean square difference of the mesh's proportions, in typical deviations; 0 where a mesh is missing."""
    here, there = _proportions(one), _proportions(other)
    if here is None or there is None:
        return 0.0
    return float(np.sqrt((((here - there) / SHAPE_DEVIATION) ** 2).mean()))


def colour_distance(one: tuple[Sample, ...], other: tuple[Sample, ...]) -> float:
    """a*b* distance between the middles of the faces, median over the looks; 0 without a look."""
    if not one or not other:
        return 0.0
    here, there = (np.median([_tint(sample) for sample in samples], axis=0) for samples in (one, other))
    return float(np.linalg.norm(here - there))


def _proportions(track: FaceTrack) -> Doubles | None:
    """(10,) logs of lengths in eye distances, median over the meshes; roll and scale have no effect."""
    meshes = np.asarray(track.meshes(), np.float64)
    meshes = meshes[np.isfinite(meshes).all(axis=(1, 2))]
    if len(meshes) < LEAST_MESHES:
        return None
    eyes = np.linalg.norm(meshes[:, RIGHT_EYE].mean(axis=1) - meshes[:, LEFT_EYE].mean(axis=1), axis=1)
    lengths = np.stack([np.linalg.norm(meshes[:, a] - meshes[:, b], axis=1) for a, b in LENGTHS], axis=1)
    return np.asarray(np.median(np.log((lengths + 1e-3) / (eyes[:, None] + 1e-3)), axis=0), np.float64)


def _tint(sample: Sample) -> Doubles:
    """(2,) median a* and b* of the middle of the face."""
    half = max(2, round(VIEW_SIDE / MID_VIEW / 2 * 0.6))
    middle = VIEW_SIDE // 2
    face = sample.mid[middle - half : middle + half, middle - half : middle + half]
    lab = cv2.cvtColor(face, cv2.COLOR_BGR2LAB).reshape(-1, 3)
    return np.asarray(np.median(lab[:, 1:], axis=0), np.float64)
