"""The shipped network can be learned on from: unfolded, and exported again, it answers as the file does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from alive402.liveness.networks import model_files

torch = pytest.importorskip("torch", reason="torch is not installed (training/requirements.txt)")
pytest.importorskip("onnx", reason="onnx is not installed (training/requirements.txt)")


def test_unfolded_and_exported_again_it_answers_the_same(tmp_path: Path) -> None:
    from training.augment import shrunk
    from training.export import export
    from training.model import TwoView, warm_start
    from training.pool import Chunk

    rng = np.random.default_rng(402)
    views = rng.integers(0, 255, (64, 128, 128, 3), np.uint8)
    batch = shrunk(torch.from_numpy(views.transpose(0, 3, 1, 2).astype(np.float32)))
    path = model_files.locate("two_view")
    student = TwoView()
    warm_start(student, path, batch / 127.5 - 1, batch / 127.5 - 1)
    feeds = {"mid_2p7": batch.numpy(), "wide_4p0": batch.numpy()}
    before = onnxruntime.InferenceSession(str(path)).run(["p_live"], feeds)[0]
    nothing = np.zeros((64, 2, 3), np.float16)
    pool = Chunk(views, views, np.zeros(64, np.int8), nothing, nothing, np.zeros(64, bool))
    target = tmp_path / "again.onnx"
    assert export(student, target, pool, {"seed": "402"}) < 1e-4
    after = onnxruntime.InferenceSession(str(target)).run(["p_live"], feeds)[0]
    assert np.abs(before - after).max() < 1e-4
