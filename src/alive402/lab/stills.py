"""Single pictures, as some data sets have them: judged by the appearance network alone, for nothing moves in them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from alive402.liveness import fusion, models
from alive402.liveness.appearance import AppearanceNetwork
from alive402.liveness.errors import NoFace, UndecodableVideo
from alive402.liveness.faces import FaceFinder
from alive402.liveness.fusion import Decision
from alive402.liveness.samples import MID_VIEW, WIDE_VIEW, Sample, crop_around

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
SEARCH_SIDE = 640
TURNS = (0, 90, 270, 180)


class StillJudge:
    """Judges pictures with the engine's own detector, crops, network and calibration; no cue speaks."""

    def __init__(self, threads: int = 2) -> None:
        models.ensure()
        self._finder = FaceFinder(threads)
        self._network = AppearanceNetwork(threads)

    def judge(self, path: Path) -> Decision:
        """What one look at the largest face amounts to.

        Raises:
            UndecodableVideo: not a picture.
            NoFace: no face in it.
        """
        picture = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            raise UndecodableVideo("The file is not a picture that can be read.")
        sample = self._sample(np.asarray(picture, np.uint8))
        return fusion.fuse(self._network.look([sample]), {})

    def _sample(self, picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Sample:
        height, width = picture.shape[:2]
        scale = min(1.0, SEARCH_SIDE / max(height, width))
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        found, turn = self._finder.search(np.asarray(small, np.uint8), TURNS)
        if not found:
            raise NoFace()
        face = max(found, key=lambda one: one.area)
        box = (face.box / scale).astype(np.float32)
        mid, wide = (
            np.ascontiguousarray(np.rot90(crop_around(picture, box, times), turn // 90))
            for times in (MID_VIEW, WIDE_VIEW)
        )
        nothing = np.zeros((1, 1), np.uint8)
        return Sample(0.0, box, face.score, 0.0, 0.0, mid, wide, nothing, nothing, (width, height))
