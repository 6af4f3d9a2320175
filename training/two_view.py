"""The student: the teacher's two networks with LeakyReLU, behind one white balance; and the shipped file.

Each per-channel PReLU becomes one LeakyReLU with the mean of its slopes. onnxruntime fuses a LeakyReLU into the
convolution before it, but not a PReLU.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, compose, helper, numpy_helper
from torch import Tensor, nn

from training.graph import INPUT, LOGITS, GraphNetwork
from training.padding import padded
from training.teacher import FILES, LIVE

OPSET = 17
GAINS = (0.6, 1.7)
"""Least and largest gain of the white balance."""
FLOOR = 1.0
"""Gray level added to each channel's mean, so that a black picture has gains of 1."""
VIEWS = ("mid_2p7", "wide_4p0", "face_alone")
ANSWERS = ("p3_mid", "p3_wide", "p3_face")


class TwoView(nn.Module):
    """Both networks: BGR 0..255, (n, 3, 80, 80) each, to logits (n, 2, 3) and embeddings (n, 2, 128).

    Args:
        mid, wide: the networks of the two views.
        balance: how far the white balance goes: 0 leaves colours alone, 1 is grey world.
    """

    def __init__(self, mid: GraphNetwork, wide: GraphNetwork, balance: float) -> None:
        super().__init__()
        self.views = nn.ModuleList([mid, wide])
        self.balance = balance

    def forward(self, mid: Tensor, wide: Tensor) -> tuple[Tensor, Tensor]:
        """Compute logits and embeddings, by view."""
        gains = white(wide, self.balance)
        answers = [network((view * gains).clamp(0, 255)) for network, view in zip(self.views, (mid, wide), strict=True)]
        logits, embeddings = (torch.stack(parts, dim=1) for parts in zip(*answers, strict=True))
        return logits, embeddings

    @torch.no_grad()
    def live(self, mid: Tensor, wide: Tensor) -> Tensor:
        """(n,) probability of life, as the exported network returns it."""
        return self(mid, wide)[0].softmax(2)[:, :, LIVE].mean(1)


def white(wide: Tensor, balance: float) -> Tensor:
    """(n, 3, 1, 1) gains that bring the mean colour of the wide view `balance` of the way to grey.

    Grey world: Buchsbaum 1980, "A spatial processor model for object colour perception".
    """
    means = wide.mean((2, 3), keepdim=True) + FLOOR
    return (means.mean(1, keepdim=True) / means).pow(balance).clamp(*GAINS)


def teacher_pair(folder: Path, dtype: torch.dtype = torch.float32) -> TwoView:
    """The teacher itself, with unchanged colours."""
    mid, wide = (GraphNetwork.read(folder / file, dtype) for file in FILES)
    return TwoView(mid, wide, 0.0)


def student_pair(folder: Path, balance: float, fresh: bool = False, seed: int = 0) -> TwoView:
    """The teacher with LeakyReLU, ready to train; `fresh` draws all weights anew (the ablation "from scratch").

    Raises:
        FileNotFoundError: `folder` lacks one of the teacher's files.
    """
    mid, wide = (GraphNetwork(cut_over(onnx.load(str(folder / file)))) for file in FILES)
    pair = TwoView(mid, wide, balance)
    if fresh:
        torch.manual_seed(seed)
        for weight in pair.parameters():
            if weight.dim() > 1:
                nn.init.kaiming_normal_(weight, a=0.25)
            else:
                nn.init.zeros_(weight)
        for network in (mid, wide):
            network.reset_norms()
    return pair


def cut_over(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy in which each PReLU is a LeakyReLU with the mean of its slopes."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    stored = {one.name: one for one in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "PRelu":
            slopes = stored[node.input[1]]
            model.graph.initializer.remove(slopes)
            del node.input[1]
            node.op_type = "LeakyRelu"
            node.attribute.append(helper.make_attribute("alpha", float(numpy_helper.to_array(slopes).mean())))
    return model


def to_onnx(pair: TwoView, about: dict[str, str], pad: bool = True) -> onnx.ModelProto:
    """The shipped file: the views in, `p_live` (n,) of mid and wide, and `p3_mid`, `p3_wide`, `p3_face` (n, 3) out.

    The face alone (`alive402.liveness.networks.face_view`) goes through the weights of the mid view, stored once.

    Args:
        about: metadata.
        pad: pad channels for onnxruntime's blocked kernels (`training/padding.py`).
    """
    graphs = [network.to_onnx() for network in pair.views]  # type: ignore[operator]
    graphs = [padded(graph) for graph in graphs] if pad else graphs
    parts = [compose.add_prefix(graph, f"{view}/") for graph, view in zip([*graphs, graphs[0]], VIEWS, strict=True)]
    _share_weights(parts[2], parts[0])
    nodes, stored = _white_nodes(pair.balance)
    for part, view in zip(parts, VIEWS, strict=True):
        nodes += [
            helper.make_node("Mul", [view, "gains"], [f"{view}/lit"]),
            helper.make_node("Clip", [f"{view}/lit", "least", "most"], [f"{view}/{INPUT}"]),
            *part.graph.node,
        ]
        stored += list(part.graph.initializer)
    for view, answer in zip(VIEWS, ANSWERS, strict=True):
        nodes.append(helper.make_node("Softmax", [f"{view}/{LOGITS}"], [answer], axis=1))
    nodes += [
        helper.make_node("Add", list(ANSWERS[:2]), ["both"]),
        helper.make_node("Mul", ["both", "half"], ["mean"]),
        helper.make_node("Gather", ["mean", "place"], ["p_live"], axis=1),
    ]
    stored.append(numpy_helper.from_array(np.float32(0.5), "half"))
    stored.append(numpy_helper.from_array(np.int64(LIVE), "place"))
    graph = helper.make_graph(
        nodes,
        "two_view",
        [helper.make_tensor_value_info(view, TensorProto.FLOAT, ["n", 3, 80, 80]) for view in VIEWS],
        [
            helper.make_tensor_value_info("p_live", TensorProto.FLOAT, ["n"]),
            *(helper.make_tensor_value_info(answer, TensorProto.FLOAT, ["n", 3]) for answer in ANSWERS),
        ],
        stored,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    for key in sorted(about):
        model.metadata_props.append(onnx.StringStringEntryProto(key=key, value=about[key]))
    onnx.checker.check_model(model, full_check=True)
    return model


def _share_weights(part: onnx.ModelProto, other: onnx.ModelProto) -> None:
    """Let `part` use the stored weights of `other`, the same graph under other names."""
    names = {
        mine.name: theirs.name for mine, theirs in zip(part.graph.initializer, other.graph.initializer, strict=True)
    }
    for node in part.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
    del part.graph.initializer[:]


def _white_nodes(balance: float) -> tuple[list[onnx.NodeProto], list[TensorProto]]:
    """The ONNX nodes of `white`: `gains` (n, 3, 1, 1) from the wide view."""
    wide = VIEWS[1]
    nodes = [
        helper.make_node("GlobalAveragePool", [wide], ["channel"]),
        helper.make_node("Add", ["channel", "floor"], ["means"]),
        helper.make_node("ReduceMean", ["means"], ["grey"], axes=[1], keepdims=1),
        helper.make_node("Div", ["grey", "means"], ["ratio"]),
        helper.make_node("Pow", ["ratio", "balance"], ["free_gains"]),
        helper.make_node("Clip", ["free_gains", "least_gain", "most_gain"], ["gains"]),
    ]
    constants = {
        "floor": FLOOR,
        "balance": balance,
        "least_gain": GAINS[0],
        "most_gain": GAINS[1],
        "least": 0.0,
        "most": 255.0,
    }
    return nodes, [numpy_helper.from_array(np.float32(value), name) for name, value in constants.items()]


def averaged(pairs: list[TwoView], shares: list[float]) -> TwoView:
    """A network whose weights are the weighted mean of others of the same shape.

    Wortsman et al. 2022, "Model soups" (arXiv:2203.05482) and "Robust fine-tuning" (WiSE-FT, arXiv:2109.01903).

    Raises:
        ValueError: the shares do not add up to 1.
    """
    if abs(sum(shares) - 1) > 1e-6:
        raise ValueError("the shares must add up to 1")
    states = [pair.state_dict() for pair in pairs]
    mean = {
        name: sum(share * state[name] for share, state in zip(shares, states, strict=True))
        if value.is_floating_point()
        else value
        for name, value in states[0].items()
    }
    pairs[0].load_state_dict(mean)
    return pairs[0]
