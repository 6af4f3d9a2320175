"""Tests of padded channels: no answer changes, and every convolution has whole blocks of channels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed (training/requirements.txt)")

from training.padding import BLOCK, padded  # noqa: E402

from tests.training.networks import small_network  # noqa: E402


@pytest.mark.parametrize("block", [BLOCK, 16, 5])
def test_padding_changes_no_answer(tmp_path: Path, block: int) -> None:
    path = tmp_path / "small.onnx"
    small_network(path, 4)
    before = onnx.load(str(path))
    for node in before.graph.node:
        if node.op_type == "PRelu":  # what ships has none: a slope a channel would have to be padded too
            del node.input[1]
            node.op_type = "LeakyRelu"
    for one in before.graph.initializer:
        if one.name == "shape":  # flattened to whatever there is, as the teacher's graphs do it
            one.CopyFrom(onnx.numpy_helper.from_array(np.array([0, -1]), "shape"))
    after = padded(before, block)
    shapes = {one.name: one.dims for one in after.graph.initializer}
    assert all(shapes[node.input[1]][0] % block == 0 for node in after.graph.node if node.op_type == "Conv")
    x = np.random.default_rng(402).uniform(0, 255, (3, 3, 80, 80)).astype(np.float32)
    said, again = (
        onnxruntime.InferenceSession(one.SerializeToString()).run(["logit", "emb"], {"x": x}) for one in (before, after)
    )
    for one, two in zip(said, again, strict=True):
        assert np.abs(one - two).max() < 1e-3 * np.abs(one).max()
