"""The student: two small convolutional networks, one a view, made for one CPU thread (no PReLU, no depthwise steps)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

CLASSES = 3
EMBEDDING = 128
SIDE = 80
"""Side of a view in px: what the teacher sees too. Larger ones cost more and gave nothing."""
WIDTHS = (40, 80, 112)
FEATURES = 64 * 3 * 3


def _step(before: int, after: int, size: int = 3, stride: int = 1, active: bool = True) -> nn.Sequential:
    layers: list[nn.Module] = [
        nn.Conv2d(before, after, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(after),
    ]
    return nn.Sequential(*layers, nn.Hardswish()) if active else nn.Sequential(*layers)


class Residual(nn.Module):
    """Two 3 x 3 steps and a shortcut (He et al. 2016)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = _step(width, width), _step(width, width, active=False)
        self.act = nn.Hardswish()

    def forward(self, x: Tensor) -> Tensor:
        """(n, width, h, w) to the same."""
        result: Tensor = self.act(x + self.second(self.first(x)))
        return result


class View(nn.Module):
    """One view: (n, 3, 80, 80) in -1..1 to (logits (n, 3), embedding (n, 128))."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third = WIDTHS
        self.body = nn.Sequential(
            nn.PixelUnshuffle(2),
            _step(12, first, stride=2),
            Residual(first),
            _step(first, second, stride=2),
            Residual(second),
            _step(second, third, stride=2),
            Residual(third),
            _step(third, third, stride=2),
            _step(third, 64, size=1),
            nn.Flatten(),
        )
        self.embed = nn.Linear(FEATURES, EMBEDDING, bias=False)
        self.norm = nn.BatchNorm1d(EMBEDDING)
        self.drop = nn.Dropout(0.1)
        self.out = nn.Linear(EMBEDDING, CLASSES)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        embedding = self.norm(self.embed(self.body(x)))
        return self.out(self.drop(embedding)), embedding


class TwoView(nn.Module):
    """Both views; as exported: BGR 0..255 in, `p_live` (n,), `p3_mid` and `p3_wide` (n, 3) out."""

    def __init__(self) -> None:
        super().__init__()
        self.mid, self.wide = View(), View()

    def forward(self, mid: Tensor, wide: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Probabilities, as the package uses them."""
        of_mid = torch.softmax(self.mid(mid / 127.5 - 1.0)[0], dim=1)
        of_wide = torch.softmax(self.wide(wide / 127.5 - 1.0)[0], dim=1)
        return ((of_mid + of_wide) / 2)[:, 1], of_mid, of_wide


def warm_start(model: TwoView, path: Path, mid: Tensor, wide: Tensor) -> None:
    """Take the weights of an exported network of this shape, to learn on from there.

    Export folds batch normalisation into the convolutions; it is unfolded with the statistics of the batch given
    ((n, 3, 80, 80) in -1..1 each), so that the network answers as the file does and can be trained on.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    stored = {one.name: torch.from_numpy(numpy_helper.to_array(one).copy()) for one in graph.initializer}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    products = [node for node in graph.node if node.op_type == "MatMul"]
    norms = [node for node in graph.node if node.op_type == "BatchNormalization"]
    heads = [node for node in graph.node if node.op_type == "Gemm"]
    half = len(convolutions) // 2
    for place, (view, batch) in enumerate(((model.mid, mid), (model.wide, wide))):
        pairs = _pairs(view)
        for (conv, norm), node in zip(pairs, convolutions[place * half : (place + 1) * half], strict=True):
            conv.weight.data.copy_(stored[node.input[1]])
            norm.running_mean.zero_()  # type: ignore[operator, union-attr]
            norm.running_var.fill_(1 - norm.eps)  # type: ignore[operator, union-attr]
            norm.weight.data.fill_(1)
            norm.bias.data.copy_(stored[node.input[2]])
        view.embed.weight.data.copy_(stored[products[place].input[1]].T)
        names = list(norms[place].input)[1:]
        view.norm.weight.data.copy_(stored[names[0]])
        view.norm.bias.data.copy_(stored[names[1]])
        view.norm.running_mean.copy_(stored[names[2]])  # type: ignore[operator, union-attr]
        view.norm.running_var.copy_(stored[names[3]])  # type: ignore[operator, union-attr]
        view.out.weight.data.copy_(stored[heads[place].input[1]])
        view.out.bias.data.copy_(stored[heads[place].input[2]])
        _unfold(view, pairs, batch)


def _pairs(view: View) -> list[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    convolutions = [one for one in view.modules() if isinstance(one, nn.Conv2d)]
    norms = [one for one in view.modules() if isinstance(one, nn.BatchNorm2d)]
    return list(zip(convolutions, norms, strict=True))


@torch.no_grad()
def _unfold(view: View, pairs: list[tuple[nn.Conv2d, nn.BatchNorm2d]], batch: Tensor) -> None:
    """Give each normalisation the statistics that its convolution has, without changing what comes out of it."""
    seen: dict[nn.Module, Tensor] = {}
    hooks = [conv.register_forward_hook(lambda layer, _, out: seen.__setitem__(layer, out)) for conv, _ in pairs]
    view.eval()
    view(batch)
    for hook in hooks:
        hook.remove()
    for conv, norm in pairs:
        out = seen[conv]
        mean, variance = out.mean(dim=(0, 2, 3)), out.var(dim=(0, 2, 3))
        norm.running_mean.copy_(mean)  # type: ignore[operator, union-attr]
        norm.running_var.copy_(variance)  # type: ignore[operator, union-attr]
        norm.weight.data.copy_((variance + norm.eps).sqrt())
        norm.bias.data.add_(mean)
