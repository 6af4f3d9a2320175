"""Pads the channels of an ONNX network so that onnxruntime computes its convolutions in blocks.

onnxruntime's blocked kernels (NCHWc) take convolutions whose channels are a multiple of 8. Silent-Face's networks were
pruned to odd channel counts. Channels of zero weights change no answer: they are 0 in every layer.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper

BLOCK = 8
KEEPS = {"LeakyRelu", "PRelu", "Relu", "Sigmoid", "Mul", "GlobalAveragePool", "Reshape"}
"""Operators whose output has the channels of their first input."""


def padded(model: onnx.ModelProto, block: int = BLOCK) -> onnx.ModelProto:
    """The same network with the output channels of each convolution padded to a multiple of `block`.

    Raises:
        ValueError: two layers of different channels are added, which the padding would break.
    """
    model = onnx.ModelProto.FromString(model.SerializeToString())
    stored = {one.name: one for one in model.graph.initializer}
    channels: dict[str, tuple[int, int]] = {}
    for node in model.graph.node:
        if node.op_type == "Conv":
            channels[node.output[0]] = _pad_conv(node, stored, channels.get(node.input[0]), block)
        elif node.op_type == "Add":
            if len({channels[name] for name in node.input}) != 1:
                raise ValueError(f"{node.name} adds layers of different channels")
            channels[node.output[0]] = channels[node.input[0]]
        elif node.op_type == "MatMul" and node.input[0] in channels:
            _pad_matrix(stored[node.input[1]], *channels[node.input[0]])
        elif node.op_type in KEEPS and node.input[0] in channels:
            channels[node.output[0]] = channels[node.input[0]]
    return model


def _pad_conv(
    node: onnx.NodeProto, stored: dict[str, onnx.TensorProto], before: tuple[int, int] | None, block: int
) -> tuple[int, int]:
    """Pad one convolution in place; returns its output channels before and after. `before`: those of its input."""
    group = next((one for one in node.attribute if one.name == "group"), None)
    weight = numpy_helper.to_array(stored[node.input[1]])
    count = weight.shape[0]
    more = -count % block
    if group is not None and group.i > 1:
        if group.i != count or before is None or before[0] != count:
            raise ValueError(f"{node.name} is grouped, but not by channel")
        more = before[1] - count
        group.i = before[1]
        inputs = 0
    else:
        inputs = 0 if before is None else before[1] - before[0]
    _set(stored[node.input[1]], np.pad(weight, ((0, more), (0, inputs), (0, 0), (0, 0))))
    if len(node.input) > 2:
        _set(stored[node.input[2]], np.pad(numpy_helper.to_array(stored[node.input[2]]), (0, more)))
    return count, count + more


def _pad_matrix(stored: onnx.TensorProto, before: int, after: int) -> None:
    """Insert rows of zeros for the padded channels into the weights behind a flattened layer."""
    matrix = numpy_helper.to_array(stored)
    places = matrix.shape[0] // before
    _set(stored, np.pad(matrix, ((0, (after - before) * places), (0, 0))))


def _set(stored: onnx.TensorProto, value: np.ndarray) -> None:
    stored.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(value), stored.name))
