"""Each batch is seen as never before: turned, zoomed, relit, noised, mixed; the teacher is asked about just that.

Function matching as in Beyer et al. 2022 (arXiv:2106.05237): the student matches the teacher on the very pixels that it
sees itself, mixtures included, so a pool of some ten thousand samples does not wear out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.fast_teacher import FastTeacher
from training.model import SIDE

MIXED_SHARE = 0.35
ZOOM_LEAST = 0.86
RELIT, NOISE, NOISY_SHARE = 0.12, 4.0, 0.4


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step learns from.

    Attributes:
        mid, wide: (n, 3, 80, 80) float32 BGR 0..255.
        logits: (n, 2, 3), embeddings: (n, 2, 128) float32 of the teacher on these very pixels.
        mixed: (n,) bool, samples of two pictures: their known labels no longer hold.
    """

    mid: Tensor
    wide: Tensor
    logits: Tensor
    embeddings: Tensor
    mixed: Tensor


def seen_anew(mid: np.ndarray, wide: np.ndarray, teacher: FastTeacher, rng: np.random.Generator) -> Batch:
    """Augment n samples ((n, 128, 128, 3) uint8 each view) and ask the teacher about what came of it."""
    device = next(teacher.buffers()).device
    views = [
        torch.from_numpy(np.ascontiguousarray(view.transpose(0, 3, 1, 2))).to(device).float() for view in (mid, wide)
    ]
    count = len(mid)
    grid = _grid(rng, count).to(device)
    views = [functional.grid_sample(view, grid, padding_mode="border", align_corners=False) for view in views]
    views = [shrunk(view) for view in views]
    light = torch.from_numpy(rng.normal(1, RELIT, (count, 3, 1, 1)).astype(np.float32)).clamp(0.6, 1.5)
    light = (light.mean(1, keepdim=True) * 0.7 + light * 0.3).to(device)
    strength = rng.uniform(0, NOISE, (count, 1, 1, 1)) * (rng.random((count, 1, 1, 1)) < NOISY_SHARE)
    grain = [
        torch.from_numpy(rng.standard_normal(view.shape, np.float32) * strength.astype(np.float32)) for view in views
    ]
    views = [(view * light + one.to(device)).clamp(0, 255) for view, one in zip(views, grain, strict=True)]
    mixed = torch.from_numpy(rng.random(count) < MIXED_SHARE)
    share = torch.from_numpy(np.where(mixed, rng.uniform(0.15, 0.85, count), 1.0).astype(np.float32)).to(device)
    share, order = share[:, None, None, None], torch.from_numpy(rng.permutation(count)).to(device)
    views = [share * view + (1 - share) * view[order] for view in views]
    logits, embeddings = teacher(views[0], views[1])
    return Batch(views[0], views[1], logits, embeddings, mixed)


def shrunk(views: Tensor) -> Tensor:
    """(n, 3, h, h) to (n, 3, 80, 80), each pixel the mean of the area it covers, as `cv2.INTER_AREA` does it."""
    weights = _areas(views.shape[-1]).to(views.device)
    return weights @ views @ weights.T


@lru_cache(maxsize=4)
def _areas(side: int) -> Tensor:
    """(80, side) float32: which share of each old pixel goes into each new one."""
    edges = torch.arange(SIDE + 1) * (side / SIDE)
    low = torch.maximum(edges[:-1, None], torch.arange(side)[None])
    high = torch.minimum(edges[1:, None], torch.arange(side)[None] + 1)
    return (high - low).clamp(min=0) * (SIDE / side)


def _grid(rng: np.random.Generator, count: int) -> Tensor:
    """Sampling grid (n, 128, 128, 2): mirrored or not, zoomed in a little, shifted within what the zoom leaves."""
    zoom = rng.uniform(ZOOM_LEAST, 1.0, (count, 2))
    room = 1 - zoom
    shift = rng.uniform(-1, 1, (count, 2)) * room
    mirror = np.where(rng.random(count) < 0.5, -1.0, 1.0)
    theta = np.zeros((count, 2, 3), np.float32)
    theta[:, 0, 0], theta[:, 1, 1] = zoom[:, 0] * mirror, zoom[:, 1]
    theta[:, :, 2] = shift
    return functional.affine_grid(torch.from_numpy(theta), [count, 3, 128, 128], align_corners=False)
