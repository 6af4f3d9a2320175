"""Runs and trains an ONNX network in torch, operator by operator; its weights go back into the same graph.

The graphs of Silent-Face hold few operators. Operators that only compute the shape for flattening are not run.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

SHAPES = {"Shape", "Gather", "Unsqueeze", "Concat", "Constant"}
STATISTICS = {3, 4}
"""Inputs of BatchNormalization with running statistics, which are used but never trained."""
INPUT, LOGITS, EMBEDDING = "x", "logit", "emb"


class GraphNetwork(nn.Module):
    """One network of one view: (n, 3, 80, 80) float BGR 0..255 to logits (n, 3) and embeddings (n, 128).

    Args:
        model: the graph; it is kept and only read.
        dtype: of the computation. bfloat16 is faster on processors that have it; train in float32.

    Raises:
        ValueError: the graph holds an operator that is not known here.
    """

    def __init__(self, model: onnx.ModelProto, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.dtype = dtype
        self._model = model
        self._nodes = [node for node in model.graph.node if node.op_type not in SHAPES]
        unknown = {node.op_type for node in self._nodes} - OPERATORS.keys()
        if unknown:
            raise ValueError(f"operators that are not known here: {', '.join(sorted(unknown))}")
        fixed = {
            node.input[place] for node in self._nodes if node.op_type == "BatchNormalization" for place in STATISTICS
        }
        self._places: dict[str, str] = {}
        for number, one in enumerate(model.graph.initializer):
            value = torch.from_numpy(numpy_helper.to_array(one).copy())
            place = self._places[one.name] = f"stored_{number}"
            if not value.is_floating_point():
                self.register_buffer(place, value)
            elif one.name in fixed:
                self.register_buffer(place, value.to(dtype))
            else:
                self.register_parameter(place, nn.Parameter(value.to(dtype)))

    @classmethod
    def read(cls, path: Path, dtype: torch.dtype = torch.float32) -> GraphNetwork:
        """The network in an ONNX file."""
        return cls(onnx.load(str(path)), dtype)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Compute logits and embeddings, float32."""
        values = {INPUT: images.to(self.dtype).contiguous(memory_format=torch.channels_last)}
        for node in self._nodes:
            given = [
                getattr(self, self._places[name]) if name in self._places else values[name]
                for name in node.input
                if name in self._places or name in values
            ]
            options = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
            values[node.output[0]] = OPERATORS[node.op_type](given, options)
        return values[LOGITS].float(), values[EMBEDDING].float()

    def reset_norms(self) -> None:
        """Make each batch normalisation neutral: for networks whose weights are drawn anew."""
        for node in self._nodes:
            if node.op_type == "BatchNormalization":
                for name, value in zip(node.input[1:], (1.0, 0.0, 0.0, 1.0), strict=True):
                    getattr(self, self._places[name]).data.fill_(value)

    def to_onnx(self) -> onnx.ModelProto:
        """The graph with the current weights."""
        model = onnx.ModelProto()
        model.CopyFrom(self._model)
        for one in model.graph.initializer:
            value = getattr(self, self._places[one.name]).detach().float().cpu().numpy()
            stored = numpy_helper.to_array(one)
            one.CopyFrom(numpy_helper.from_array(np.asarray(value, stored.dtype).reshape(stored.shape), one.name))
        return model


def _conv(given: list[Tensor], options: dict[str, object]) -> Tensor:
    bias = given[2] if len(given) > 2 else None
    pads, strides = options.get("pads", [0, 0]), options.get("strides", [1, 1])
    return functional.conv2d(given[0], given[1], bias, strides, pads[:2], groups=options.get("group", 1))  # type: ignore[arg-type, index, call-overload]


def _norm(given: list[Tensor], options: dict[str, object]) -> Tensor:
    image, scale, bias, mean, variance = given
    return functional.batch_norm(image, mean, variance, scale, bias, eps=float(options.get("epsilon", 1e-5)))  # type: ignore[arg-type]


OPERATORS = {
    "Conv": _conv,
    "BatchNormalization": _norm,
    "PRelu": lambda given, options: functional.prelu(given[0], given[1].flatten()),
    "LeakyRelu": lambda given, options: functional.leaky_relu(given[0], options.get("alpha", 0.01)),
    "Add": lambda given, options: given[0] + given[1],
    "Mul": lambda given, options: given[0] * given[1],
    "Relu": lambda given, options: functional.relu(given[0]),
    "Sigmoid": lambda given, options: torch.sigmoid(given[0]),
    "GlobalAveragePool": lambda given, options: given[0].mean((2, 3), keepdim=True),
    "Reshape": lambda given, options: given[0].flatten(1),
    "MatMul": lambda given, options: given[0] @ given[1],
}
