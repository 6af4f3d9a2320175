"""The teacher run by torch answers as its ONNX files do, and views are shrunk as the product shrinks them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (training/requirements.txt)")
onnx = pytest.importorskip("onnx", reason="onnx is not installed (training/requirements.txt)")


def small_network(path: Path, seed: int) -> None:
    """A network of the teacher's operators, with random weights, whose input, outputs and names are the teacher's."""
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(seed)

    def stored(name: str, *shape: int, scale: float = 0.2) -> onnx.TensorProto:
        return numpy_helper.from_array(rng.normal(0, scale, shape).astype(np.float32), name)

    weights = [
        stored("w1", 8, 3, 3, 3, scale=0.01),
        stored("b1", 8),
        stored("slope", 8, 1, 1),
        stored("w2", 8, 1, 3, 3),
    ]
    weights += [stored("w3", 4, 8, 1, 1), stored("w4", 8, 4, 1, 1), stored("flat", 8 * 1600, 128, scale=0.02)]
    weights += [stored("scale", 128), stored("shift", 128), stored("middle", 128), stored("head", 128, 3)]
    weights.append(numpy_helper.from_array(rng.uniform(0.5, 2, 128).astype(np.float32), "spread"))
    weights.append(numpy_helper.from_array(np.array([-1, 8 * 1600]), "shape"))
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w1", "b1"], ["a"], pads=[1, 1, 1, 1], strides=[2, 2]),
        node("PRelu", ["a", "slope"], ["b"]),
        node("Conv", ["b", "w2"], ["c"], pads=[1, 1, 1, 1], strides=[1, 1], group=8),
        node("Add", ["b", "c"], ["d"]),
        node("GlobalAveragePool", ["d"], ["e"]),
        node("Conv", ["e", "w3"], ["f"]),
        node("Relu", ["f"], ["g"]),
        node("Conv", ["g", "w4"], ["h"]),
        node("Sigmoid", ["h"], ["i"]),
        node("Mul", ["d", "i"], ["j"]),
        node("Reshape", ["j", "shape"], ["k"]),
        node("MatMul", ["k", "flat"], ["l"]),
        node("BatchNormalization", ["l", "scale", "shift", "middle", "spread"], ["emb"]),
        node("MatMul", ["emb", "head"], ["logit"]),
    ]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 80, 80])]
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", width])
        for name, width in (("logit", 3), ("emb", 128))
    ]
    graph = helper.make_graph(nodes, "small", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def test_torch_answers_as_the_files_do(tmp_path: Path) -> None:
    from training.fast_teacher import FastTeacher
    from training.teacher import FILES

    for seed, name in enumerate(FILES):
        small_network(tmp_path / name, seed)
    views = np.random.default_rng(402).uniform(0, 255, (6, 3, 80, 80)).astype(np.float32)
    logits, embeddings = FastTeacher(tmp_path)(torch.from_numpy(views), torch.from_numpy(views))
    for place, name in enumerate(FILES):
        said, felt = onnxruntime.InferenceSession(str(tmp_path / name)).run(["logit", "emb"], {"x": views})
        assert np.abs(logits[:, place].numpy() - said).max() < 0.05 * np.abs(said).max()
        assert np.abs(embeddings[:, place].numpy() - felt).max() < 0.05 * np.abs(felt).max()


def test_an_operator_that_is_not_known_is_named(tmp_path: Path) -> None:
    from onnx import helper
    from training.fast_teacher import FastTeacher
    from training.teacher import FILES

    for seed, name in enumerate(FILES):
        small_network(tmp_path / name, seed)
        model = onnx.load(str(tmp_path / name))
        model.graph.node.append(helper.make_node("Tanh", ["logit"], ["more"]))
        onnx.save(model, str(tmp_path / name))
    views = torch.zeros(1, 3, 80, 80)
    with pytest.raises(ValueError, match="Tanh"):
        FastTeacher(tmp_path)(views, views)


def test_views_are_shrunk_as_the_product_shrinks_them() -> None:
    from training.augment import shrunk

    view = np.random.default_rng(402).integers(0, 256, (128, 128, 3), np.uint8)
    ours = shrunk(torch.from_numpy(view.transpose(2, 0, 1)[None].copy()).float())[0].numpy().transpose(1, 2, 0)
    theirs = cv2.resize(view, (80, 80), interpolation=cv2.INTER_AREA)
    assert np.abs(ours - theirs).max() <= 0.51
