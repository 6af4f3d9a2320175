"""The teacher run by torch in bfloat16: three times as fast on a CPU that has it, and on a GPU if there is one.

Its files stay ONNX; their few operators are carried out one by one. The rest of the graph only computes the shape in
which features are flattened, so it is not run.
"""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from training.teacher import FILES

SHAPES = {"Shape", "Gather", "Unsqueeze", "Concat", "Constant"}
LOGITS, EMBEDDING = "logit", "emb"


class FastTeacher(nn.Module):
    """Both networks of the teacher; see `training.teacher` for what they are.

    Raises:
        ValueError: a file holds an operator that is not known here.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.views = nn.ModuleList(_Graph(folder / file) for file in FILES)

    @torch.no_grad()
    def forward(self, mid: Tensor, wide: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 3, 80, 80) float BGR 0..255 each to logits (n, 2, 3) and embeddings (n, 2, 128), float32."""
        answers = [graph(view) for graph, view in zip(self.views, (mid, wide), strict=True)]
        logits, embeddings = (torch.stack(parts, dim=1).float() for parts in zip(*answers, strict=True))
        return logits, embeddings


class _Graph(nn.Module):
    def __init__(self, path: Path) -> None:
        super().__init__()
        graph = onnx.load(str(path)).graph
        self._nodes = [node for node in graph.node if node.op_type not in SHAPES]
        self._first = graph.input[0].name
        self._places = {one.name: f"stored_{number}" for number, one in enumerate(graph.initializer)}
        for one in graph.initializer:
            value = torch.from_numpy(numpy_helper.to_array(one).copy())
            value = value.bfloat16() if value.is_floating_point() else value
            self.register_buffer(self._places[one.name], value)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        values = {self._first: images.bfloat16().contiguous(memory_format=torch.channels_last)}

        def value(name: str) -> Tensor:
            return getattr(self, self._places[name]) if name in self._places else values[name]

        for node in self._nodes:
            given = [value(name) for name in node.input if name in self._places or name in values]
            values[node.output[0]] = _carried_out(node, given)
        return values[LOGITS], values[EMBEDDING]


def _carried_out(node: onnx.NodeProto, given: list[Tensor]) -> Tensor:
    options = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
    match node.op_type:
        case "Conv":
            bias = given[2] if len(given) > 2 else None
            pads, strides = options.get("pads", [0, 0]), options.get("strides", [1, 1])
            return functional.conv2d(given[0], given[1], bias, strides, pads[:2], groups=options.get("group", 1))
        case "PRelu":
            return functional.prelu(given[0], given[1].flatten())
        case "Add":
            return given[0] + given[1]
        case "Mul":
            return given[0] * given[1]
        case "Relu":
            return functional.relu(given[0])
        case "Sigmoid":
            return torch.sigmoid(given[0])
        case "GlobalAveragePool":
            return given[0].mean((2, 3), keepdim=True)
        case "Reshape":
            return given[0].flatten(1)
        case "MatMul":
            return given[0] @ given[1]
        case "BatchNormalization":
            image, scale, bias, mean, variance = given
            return functional.batch_norm(image, mean, variance, scale, bias, eps=options.get("epsilon", 1e-5))
    raise ValueError(f"the teacher holds an operator that is not known here: {node.op_type}")
