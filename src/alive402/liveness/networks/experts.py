"""Optional experts: third-party networks that score the same samples, if an operator has added them.

The first is Silent-Face (minivision-ai/Silent-Face-Anti-Spoofing, Apache-2.0): two MiniFASNets at 80 px, 2.7 and 4.0
times the face box; class 0 is a print, 1 bona fide, 2 a replay.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime

from alive402.liveness.networks import model_files
from alive402.liveness.networks.appearance import Looks, TwoViews

Floats = npt.NDArray[np.float32]

SILENT_FACE = "silent-face"
SIDE = 80


class SilentFace:
    """Both networks of Silent-Face, loaded once.

    Raises:
        ModelsMissing: they were not added.
    """

    name = "silent_face"

    def __init__(self, threads: int = 2) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3
        self._mid, self._wide = (
            onnxruntime.InferenceSession(str(model_files.locate(name)), options, providers=["CPUExecutionProvider"])
            for name in ("silent_face_mid", "silent_face_wide")
        )

    def look(self, samples: Sequence[TwoViews]) -> Looks:
        """Run the expert on n samples (n > 0): the mean of its two networks."""
        mid = _said(self._mid, [sample.mid for sample in samples])
        wide = _said(self._wide, [sample.wide for sample in samples])
        kinds: Floats = np.mean([mid, wide], axis=0, dtype=np.float32)
        return Looks(live=kinds[:, 1], paper=kinds[:, 0], screen=kinds[:, 2])


EXPERTS = {SILENT_FACE: SilentFace}


def _said(network: onnxruntime.InferenceSession, views: list[npt.NDArray[np.uint8]]) -> Floats:
    """(n, 3) float32 softmax over (print, bona fide, replay)."""
    small = np.stack([cv2.resize(view, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for view in views])
    (logits,) = network.run(["logit"], {"x": small.transpose(0, 3, 1, 2).astype(np.float32)})
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Floats = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return result
