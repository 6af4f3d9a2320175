"""What the pixels look like: our two-view network, one score a sample.

The tight view (2.7 times the face) shows skin and texture, the wide one (4 times) shows the device or paper around it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import onnxruntime

from alive402.liveness import models
from alive402.liveness.samples import Sample

Floats = npt.NDArray[np.float32]

THREADS = 2
LOGIT_CLIP = 8.0


class AppearanceNetwork:
    """Our network, loaded once; may be used from several threads.

    Attributes:
        sha256: of the weights.

    Raises:
        ModelsMissing: the weights are absent or altered.
    """

    def __init__(self, threads: int = THREADS) -> None:
        path = models.locate("two_view")
        self.sha256 = models.registry()[0]["two_view"].sha256
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def score(self, samples: Sequence[Sample]) -> Floats:
        """(n,) float32 in 0..1 for n samples: the network's probability that each was filmed from life."""
        if not samples:
            return np.zeros(0, np.float32)
        feeds = {
            "mid_2p7": _batch([sample.mid for sample in samples]),
            "wide_4p0": _batch([sample.wide for sample in samples]),
        }
        (scores,) = self._session.run(["p_live"], feeds)
        result: Floats = np.asarray(scores, np.float32)
        return result


def pool(scores: Floats) -> tuple[float, float]:
    """(mean, 20th percentile) of the logits of per-sample scores; the percentile catches the moment a replay shows."""
    clipped = np.clip(scores.astype(np.float64), 1e-6, 1 - 1e-6)
    logits = np.clip(np.log(clipped / (1 - clipped)), -LOGIT_CLIP, LOGIT_CLIP)
    return float(logits.mean()), float(np.percentile(logits, 20))


def _batch(views: list[npt.NDArray[np.uint8]]) -> Floats:
    """(n, 3, 128, 128) float32, BGR, 0..255."""
    return np.ascontiguousarray(np.stack(views).transpose(0, 3, 1, 2), dtype=np.float32)
