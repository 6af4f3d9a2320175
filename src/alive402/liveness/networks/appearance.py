"""Our appearance network: scores each sample by two views, and by the face alone.

The tight view (2.7 times the face) shows skin and texture, the wide one (4 times) shows the device or paper around it.
The face alone (networks/face_view.py) is scored by the weights of the tight view. Views of a dark face are made
brighter first (`conditions.exposed`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime

from alive402.liveness.networks import conditions, model_files
from alive402.liveness.networks.face_view import face_alone, in_the_middle

Floats = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]

THREADS = 2
MID_VIEW, WIDE_VIEW = 2.7, 4.0
"""Times the face box that the tight and the wide view hold."""
SIDE = 80
"""Side of a view as the network sees it, px."""
LOGIT_CLIP = 8.0


class TwoViews(Protocol):
    """Two pictures of one face, (h, h, 3) uint8 BGR each: 2.7 and 4 times the face box, at most `reach` times.

    `face` is where the face is in `mid`. `faces.Sample` has them.
    """

    @property
    def mid(self) -> Image: ...

    @property
    def wide(self) -> Image: ...

    @property
    def reach(self) -> float: ...

    @property
    def face(self) -> Floats: ...


@dataclass(frozen=True, slots=True)
class Looks:
    """The network's output for n samples, each 0..1, uncalibrated.

    Attributes:
        live: (n,) float32, filmed from life.
        paper: (n,) float32, re-filmed from a print.
        screen: (n,) float32, re-filmed from a display.
        views: (n, 2) float32, filmed from life, by the tight and by the wide view alone; empty where there are none.
        face: (n,) float32, filmed from life, by the face alone; empty where there is no such view.
        colourless, dark, close: (n,) float32, how a look was filmed (networks/conditions.py); empty where not known.
    """

    live: Floats
    paper: Floats
    screen: Floats
    views: Floats = field(default_factory=lambda: np.zeros((0, 2), np.float32))
    face: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    colourless: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    dark: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    close: Floats = field(default_factory=lambda: np.zeros(0, np.float32))


def joined(parts: Sequence[Looks]) -> Looks:
    """The looks of several stretches (at least one), one after another."""
    return Looks(*(np.concatenate([getattr(one, name.name) for one in parts]) for name in fields(Looks)))


class AppearanceNetwork:
    """Our network, loaded once; may be used from several threads.

    Args:
        threads: to compute with.
        path: another network of the same inputs and outputs, to measure; by default the packaged one.

    Attributes:
        sha256: of the weights.

    Raises:
        ModelsMissing: the weights are absent or altered.
    """

    def __init__(self, threads: int = THREADS, path: Path | None = None) -> None:
        known = model_files.registry()[0]["two_view"].sha256
        self.sha256 = known if path is None else hashlib.sha256(path.read_bytes()).hexdigest()
        path = path or model_files.locate("two_view")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = True  # Without it, each run takes its memory from the system anew.
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._side: int = self._session.get_inputs()[0].shape[-1]

    def look(self, samples: Sequence[TwoViews]) -> Looks:
        """Run the network on n samples."""
        mid, wide = [sample.mid for sample in samples], [sample.wide for sample in samples]
        return self.look_at(mid, wide, [sample.reach for sample in samples], [sample.face for sample in samples])

    def look_at(
        self,
        mid: Sequence[Image],
        wide: Sequence[Image],
        reach: Sequence[float] = (),
        faces: Sequence[Floats] = (),
    ) -> Looks:
        """Run the network on n looks, given as tight and wide views, (h, h, 3) uint8 BGR each.

        Args:
            mid, wide: the views.
            reach: as in `faces.Sample`; without it, pictures have room for both views.
            faces: (n, 4), as in `faces.Sample`; without them, each face is in the middle of its view.
        """
        if not len(mid):
            nothing: Floats = np.zeros(0, np.float32)
            return Looks(nothing, nothing, nothing)
        if not len(faces):
            faces = list(in_the_middle(reach if len(reach) else [WIDE_VIEW] * len(mid), MID_VIEW))
        bright = conditions.brightness(mid, faces)
        # One look at a time: several at once are hardly faster, and each takes 5 MB.
        found = [self._run(*one) for one in zip(mid, wide, faces, bright, strict=True)]
        live, mid_kinds, wide_kinds, face_kinds = (np.concatenate(some) for some in zip(*found, strict=True))
        kinds: Floats = np.mean([mid_kinds, wide_kinds], axis=0, dtype=np.float32)
        views: Floats = np.stack([mid_kinds[:, 1], wide_kinds[:, 1]], axis=1, dtype=np.float32)
        how = conditions.colourless(wide), conditions.dark(bright), conditions.close(reach)
        return Looks(np.asarray(live, np.float32), kinds[:, 0], kinds[:, 2], views, face_kinds[:, 1], *how)

    def _run(self, mid: Image, wide: Image, face: Floats, bright: float) -> Sequence[Floats]:
        """Live (1,), and (1, 3) of each view and of the face alone, of one look."""
        mid, wide = conditions.exposed(mid, bright), conditions.exposed(wide, bright)
        views = {"mid_2p7": mid, "wide_4p0": wide, "face_alone": face_alone(mid, face, self._side)}
        feeds = {name: network_input([view], self._side) for name, view in views.items()}
        found: Sequence[Floats] = self._session.run(["p_live", "p3_mid", "p3_wide", "p3_face"], feeds)
        return found


def logits(scores: Floats) -> npt.NDArray[np.float64]:
    """(n,) float64: log odds of scores in 0..1, clipped to ±8 so that no single sample decides."""
    clipped = np.clip(scores.astype(np.float64), 1e-6, 1 - 1e-6)
    result: npt.NDArray[np.float64] = np.clip(np.log(clipped / (1 - clipped)), -LOGIT_CLIP, LOGIT_CLIP)
    return result


def pool(scores: Floats) -> tuple[float, float]:
    """(mean, 20th percentile) of the log odds; the percentile detects the moment in which a replay is visible."""
    odds = logits(scores)
    return float(odds.mean()), float(np.percentile(odds, 20))


def network_input(views: Sequence[Image], side: int = SIDE) -> Floats:
    """(n, 3, side, side) float32, BGR, 0..255; shrunk by areas, as in training."""
    shrunk = [cv2.resize(view, (side, side), interpolation=cv2.INTER_AREA) for view in views]
    return np.ascontiguousarray(np.stack(shrunk).transpose(0, 3, 1, 2), dtype=np.float32)
