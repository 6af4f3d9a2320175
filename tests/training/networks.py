"""Small networks with the teacher's operators and random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from training.teacher import FILES


def small_teacher(folder: Path) -> Path:
    """A folder with both files of a teacher."""
    for seed, name in enumerate(FILES):
        small_network(folder / name, seed)
    return folder


def small_network(path: Path, seed: int) -> None:
    """A network with random weights, and with the teacher's operators, input, outputs and names."""
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
