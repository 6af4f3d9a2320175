"""Faces in frames: detector, mesh, tracks, and the sampled looks at each face."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.liveness.faces.detector import Detection
    from alive402.liveness.faces.finder import FaceFinder
    from alive402.liveness.faces.samples import VIEW_SIDE, Sample, SampleKeeper
    from alive402.liveness.faces.tracks import DOUBTFUL_SCORE, FaceFollower, FaceTrack
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "detector": ["Detection"],
            "finder": ["FaceFinder"],
            "samples": ["VIEW_SIDE", "Sample", "SampleKeeper"],
            "tracks": ["DOUBTFUL_SCORE", "FaceFollower", "FaceTrack"],
        },
    )

__all__ = [
    "DOUBTFUL_SCORE",
    "VIEW_SIDE",
    "Detection",
    "FaceFinder",
    "FaceFollower",
    "FaceTrack",
    "Sample",
    "SampleKeeper",
]
