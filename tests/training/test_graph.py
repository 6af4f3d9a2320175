"""Tests of a graph run by torch: equal to onnxruntime, and its weights go back into the graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (training/requirements.txt)")
onnx = pytest.importorskip("onnx", reason="onnx is not installed (training/requirements.txt)")

from training.graph import GraphNetwork  # noqa: E402

from tests.training.networks import small_network  # noqa: E402

VIEWS = np.random.default_rng(402).uniform(0, 255, (6, 3, 80, 80)).astype(np.float32)


def test_torch_equals_onnxruntime(tmp_path: Path) -> None:
    path = tmp_path / "small.onnx"
    small_network(path, 1)
    logits, embeddings = GraphNetwork.read(path)(torch.from_numpy(VIEWS))
    said, felt = onnxruntime.InferenceSession(str(path)).run(["logit", "emb"], {"x": VIEWS})
    assert np.abs(logits.detach().numpy() - said).max() < 1e-3 * np.abs(said).max()
    assert np.abs(embeddings.detach().numpy() - felt).max() < 1e-3 * np.abs(felt).max()


def test_changed_weights_are_written_back(tmp_path: Path) -> None:
    path = tmp_path / "small.onnx"
    small_network(path, 2)
    network = GraphNetwork.read(path)
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(1.01)
    logits, _ = network(torch.from_numpy(VIEWS))
    session = onnxruntime.InferenceSession(network.to_onnx().SerializeToString())
    said = session.run(["logit"], {"x": VIEWS})[0]
    assert np.abs(logits.detach().numpy() - said).max() < 1e-3 * np.abs(said).max()


def test_unknown_operator_is_named(tmp_path: Path) -> None:
    path = tmp_path / "small.onnx"
    small_network(path, 3)
    model = onnx.load(str(path))
    model.graph.node.append(onnx.helper.make_node("Tanh", ["logit"], ["more"]))
    with pytest.raises(ValueError, match="Tanh"):
        GraphNetwork(model)
