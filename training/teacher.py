"""The teacher: Silent-Face's two networks (Apache-2.0), whose soft answers the student learns.

minivision-ai/Silent-Face-Anti-Spoofing, MiniFASNet V2 at 2.7 and V1SE at 4.0 times the face box, 80 px; class 0 is a
print, 1 bona fide, 2 a replay. The caller names the folder of the files. The student starts from these weights and
learns from their answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from alive402.liveness.faces.samples import crop_around
from alive402.liveness.networks import MID_VIEW, WIDE_VIEW
from training.simulate import Picture

PRINT, LIVE, REPLAY, UNKNOWN = 0, 1, 2, -1
"""Known labels, in the teacher's order; UNKNOWN marks a sample that only the teacher labels."""
FILES = {"v2_27.onnx": MID_VIEW, "v1se_40.onnx": WIDE_VIEW}
SIDE = 80

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Answers:
    """`logits` (n, 2, 3) and `embeddings` (n, 2, 128) float32, by view: mid, wide."""

    logits: Floats
    embeddings: Floats


class Teacher:
    """The teacher's two networks."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._views = [
            (onnxruntime.InferenceSession(str(folder / file), options, providers=["CPUExecutionProvider"]), times)
            for file, times in FILES.items()
        ]

    def answer(self, pictures: list[Picture]) -> Answers:
        """Run the teacher on n pictures."""
        views = [
            np.stack([crop_around(one.image, one.box, times, SIDE) for one in pictures])
            .transpose(0, 3, 1, 2)
            .astype(np.float32)
            for _, times in self._views
        ]
        return self.answer_views(views[0], views[1])

    def answer_views(self, mid: Floats, wide: Floats) -> Answers:
        """Run the teacher on n cut views, each (n, 3, 80, 80) float32 BGR 0..255."""
        said = [
            network.run(["logit", "emb"], {"x": view})
            for (network, _), view in zip(self._views, (mid, wide), strict=True)
        ]
        return Answers(np.stack([one[0] for one in said], axis=1), np.stack([one[1] for one in said], axis=1))
