"""Views as tensors, shrunk as in the package."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

SIDE = 80
"""Side of a view in px, as teacher and student see it."""


def tensor(views: np.ndarray) -> Tensor:
    """(n, h, h, 3) uint8 BGR to (n, 3, 80, 80) float32, 0..255."""
    return shrunk(unshrunk(views))


def unshrunk(views: np.ndarray) -> Tensor:
    """(n, h, h, 3) uint8 BGR to (n, 3, h, h) float32, 0..255."""
    return torch.from_numpy(np.ascontiguousarray(views.transpose(0, 3, 1, 2))).float()


def shrunk(views: Tensor) -> Tensor:
    """(n, 3, h, h) to (n, 3, 80, 80), each pixel the mean of the area it covers, as `cv2.INTER_AREA` computes it."""
    weights = _areas(views.shape[-1])
    return weights @ views @ weights.T


@lru_cache(maxsize=4)
def _areas(side: int) -> Tensor:
    """(80, side) float32: the share of each old pixel in each new one."""
    edges = torch.arange(SIDE + 1) * (side / SIDE)
    low = torch.maximum(edges[:-1, None], torch.arange(side)[None])
    high = torch.minimum(edges[1:, None], torch.arange(side)[None] + 1)
    return (high - low).clamp(min=0) * (SIDE / side)
