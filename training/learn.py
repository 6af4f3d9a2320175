"""Trains the student from the teacher's own weights: few steps, low rate, seeded, resumable.

Loss: Kullback-Leibler divergence to the teacher's softened answers (Hinton et al. 2015, temperature 2), the cosine
between embeddings (Romero et al. 2015), and cross-entropy with the known label, weighted by kind. Teacher and student
see half of each batch alike: mirrored, relit, cropped, mixed (function matching, Beyer et al. 2022, arXiv:2106.05237).
The other half is altered for the student only, and the teacher answers to the clean crop.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.alterations import Look, altered
from training.harder import HARDER
from training.pool import KINDS, Chunk
from training.teacher import LIVE, UNKNOWN
from training.two_view import TwoView
from training.views import shrunk, unshrunk

TEMPERATURE = 2.0
EMBEDDING_WEIGHT = 0.5
DOUBTED = 0.5
"""Weight of the teacher's answer where it contradicts a known label."""
AVERAGE = 0.98
WARM_UP_STEPS = 10
SAVE_SECONDS = 60.0
MIXED_SHARE = 0.3
ZOOM_LEAST, RELIT = 0.9, 0.08
LABEL_WEIGHTS: Mapping[str, float] = {
    "bona_fide": 0.3,
    "phone": 0.3,
    "tablet": 0.3,
    "monitor": 0.3,
    "laptop": 0.3,
    "full_screen": 0.2,
    "print": 0.3,
    "full_print": 0.2,
    "cutout": 0.1,
    "paper_mask": 0.1,
    "crop_live": 0.2,
    "crop_replay": 0.2,
    "anything": 0.0,
}
"""Weight of the known label by kind of sample, chosen with `python -m training.realism`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The hyperparameters of a training run.

    Attributes:
        steps, batch, rate: how many steps of how many samples at which peak learning rate.
        labels: factor on LABEL_WEIGHTS; 0 learns from the teacher alone.
        altered: share of each batch that is altered for the student alone.
        teacher: whether the teacher's answers count at all.
        harder: share of the altered samples that show less of the scene, or little light (`training/harder.py`).
    """

    steps: int = 240
    batch: int = 48
    rate: float = 3e-4
    seed: int = 402
    labels: float = 1.0
    altered: float = 0.5
    teacher: bool = True
    harder: float = 0.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Input of one step: views (n, 3, 80, 80) BGR 0..255, the teacher's answers, labels and their weights."""

    mid: Tensor
    wide: Tensor
    logits: Tensor
    embeddings: Tensor
    labels: Tensor
    weights: Tensor


def learn(student: TwoView, teacher: TwoView, pool: Chunk, plan: Plan, work: Path) -> TwoView:
    """Train on the pool's samples that are not held out; returns the student with averaged weights.

    A checkpoint in `work` lets a stopped run resume; it must have the same plan, start and samples.
    """
    torch.manual_seed(plan.seed)
    run = _run_of(student, pool, plan)
    kept = {name: value.clone() for name, value in student.state_dict().items()}
    optimizer = torch.optim.AdamW(student.parameters(), plan.rate, weight_decay=0.0)
    checkpoint, step = work / f"learning-{plan.seed}-{plan.harder:g}.pt", 0
    if checkpoint.exists():
        state = torch.load(checkpoint)
        if state["run"] == run:
            student.load_state_dict(state["student"])
            optimizer.load_state_dict(state["optimizer"])
            kept, step = state["kept"], state["step"]
            print(f"  going on at step {step} of {plan.steps}", flush=True)
    training = np.flatnonzero(~pool.held_out)
    began = saved = perf_counter()
    first, mean_loss = step, math.nan
    while step < plan.steps:
        for group in optimizer.param_groups:
            group["lr"] = plan.rate * _schedule(step, plan.steps)
        batch = _batch(pool, training, teacher, plan, np.random.default_rng([plan.seed, step]))
        loss = _loss(student, batch, plan)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(student.parameters(), 5.0)
        optimizer.step()
        _average(kept, student, min(AVERAGE, (1 + step) / (10 + step)))
        step += 1
        mean_loss = loss.item() if math.isnan(mean_loss) else 0.9 * mean_loss + 0.1 * loss.item()
        if perf_counter() - saved > SAVE_SECONDS or step == plan.steps:
            saved = perf_counter()
            state = {"student": student.state_dict(), "optimizer": optimizer.state_dict(), "kept": kept}
            torch.save(state | {"step": step, "run": run}, checkpoint.with_suffix(".part"))
            checkpoint.with_suffix(".part").replace(checkpoint)
            pace = (saved - began) / (step - first)
            left = pace * (plan.steps - step) / 60
            print(f"  step {step} of {plan.steps}, loss {mean_loss:.3f}, {left:.0f} min left", flush=True)
    student.load_state_dict(kept)
    return student.eval()


def _run_of(student: TwoView, pool: Chunk, plan: Plan) -> str:
    """Identify a run by its plan and by the sha256 of its initial weights and its samples."""
    digest = hashlib.sha256()
    for weight in student.state_dict().values():
        digest.update(weight.numpy().tobytes())
    for column in (pool.labels, pool.kinds, pool.logits, pool.held_out):
        digest.update(np.ascontiguousarray(column).tobytes())
    return f"{plan!r} {digest.hexdigest()}"


def _batch(pool: Chunk, training: np.ndarray, teacher: TwoView, plan: Plan, rng: np.random.Generator) -> Batch:
    some = np.sort(rng.choice(training, plan.batch, replace=False))
    rng.shuffle(some)
    split = round(plan.batch * plan.altered)
    alike, apart = some[split:], some[:split]
    labels = torch.from_numpy(pool.labels[some].astype(np.int64))
    weights = torch.tensor([LABEL_WEIGHTS[KINDS[place]] * plan.labels for place in pool.kinds[some]])
    parts = []
    if len(apart):
        looks = [_altered(rng, _mirrored(rng, pool, place), plan.harder) for place in apart]
        views = (shrunk(unshrunk(np.stack([look.views[view] for look in looks]))) for view in (0, 1))
        answers = (torch.from_numpy(stored[apart].astype(np.float32)) for stored in (pool.logits, pool.embeddings))
        parts.append((*views, *answers))
    if len(alike):
        mid, wide, mixed = _seen_alike(pool, alike, rng)
        with torch.no_grad():
            parts.append((mid, wide, *teacher(mid, wide)))
        labels[split:][mixed] = UNKNOWN
    mid, wide, logits, embeddings = (torch.cat(some_of) for some_of in zip(*parts, strict=True))
    return Batch(mid, wide, logits, embeddings, labels, weights)


def _altered(rng: np.random.Generator, look: Look, harder: float) -> Look:
    """A look altered for the student alone; a share `harder` of them shows less of the scene, or little light."""
    if rng.random() >= harder:
        return altered(rng, look)
    look = HARDER[str(rng.choice(list(HARDER)))](rng, look)
    return altered(rng, look) if rng.random() < 0.5 else look


def _mirrored(rng: np.random.Generator, pool: Chunk, place: int) -> Look:
    """A sample, mirrored with a chance of one half; the teacher's answer is the same for both."""
    if rng.random() < 0.5:
        return Look((pool.mid[place], pool.wide[place]), pool.faces[place])
    faces = pool.faces[place].copy()
    faces[:, [0, 2]] = 1 - faces[:, [2, 0]]
    mid, wide = (np.ascontiguousarray(view[place][:, ::-1]) for view in (pool.mid, pool.wide))
    return Look((mid, wide), faces)


def _seen_alike(pool: Chunk, some: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Mid and wide views as both teacher and student see them, and which of them mix two samples."""
    count = len(some)
    grid = _grid(rng, count)
    views = [
        shrunk(functional.grid_sample(unshrunk(view[some]), grid, padding_mode="border", align_corners=False))
        for view in (pool.mid, pool.wide)
    ]
    light = torch.from_numpy(rng.normal(1, RELIT, (count, 3, 1, 1)).astype(np.float32)).clamp(0.7, 1.4)
    light = light.mean(1, keepdim=True) * 0.7 + light * 0.3
    mixed = torch.from_numpy(rng.random(count) < MIXED_SHARE)
    share = torch.from_numpy(np.where(mixed, rng.uniform(0.15, 0.85, count), 1.0).astype(np.float32))[
        :, None, None, None
    ]
    order = torch.from_numpy(rng.permutation(count))
    mid, wide = ((view * light).clamp(0, 255) for view in views)
    mid, wide = (share * view + (1 - share) * view[order] for view in (mid, wide))
    return mid, wide, mixed


def _loss(student: TwoView, batch: Batch, plan: Plan) -> Tensor:
    said, felt = student(batch.mid, batch.wide)
    known = batch.labels != UNKNOWN
    loss = said.new_zeros(())
    if plan.teacher:
        trust = torch.ones_like(said[:, :, 0])
        if plan.labels:
            live = batch.logits.softmax(2)[:, :, LIVE] > 0.5
            disagree = known[:, None] & (live != (batch.labels == LIVE)[:, None]) & (batch.weights > 0)[:, None]
            trust = torch.where(disagree, DOUBTED, trust)
        soft = functional.kl_div(
            functional.log_softmax(said / TEMPERATURE, 2),
            functional.softmax(batch.logits / TEMPERATURE, 2),
            reduction="none",
        ).sum(2)
        apart = 1 - functional.cosine_similarity(felt, batch.embeddings, dim=2)
        loss = loss + (trust * (soft * TEMPERATURE**2 + EMBEDDING_WEIGHT * apart)).sum(1).mean()
    if plan.labels and bool(known.any()):
        wrong = functional.cross_entropy(
            said[known].flatten(0, 1), batch.labels[known].repeat_interleave(2), reduction="none"
        )
        loss = loss + (wrong.view(-1, 2).sum(1) * batch.weights[known]).sum() / len(batch.labels)
    return loss


def _grid(rng: np.random.Generator, count: int) -> Tensor:
    """Sampling grid (n, 128, 128, 2): mirrored or not, zoomed in a little, shifted within the zoom's margin."""
    zoom = rng.uniform(ZOOM_LEAST, 1.0, (count, 2))
    shift = rng.uniform(-1, 1, (count, 2)) * (1 - zoom)
    theta = np.zeros((count, 2, 3), np.float32)
    theta[:, 0, 0], theta[:, 1, 1] = zoom[:, 0] * np.where(rng.random(count) < 0.5, -1.0, 1.0), zoom[:, 1]
    theta[:, :, 2] = shift
    return functional.affine_grid(torch.from_numpy(theta), [count, 3, 128, 128], align_corners=False)


def _schedule(step: int, steps: int) -> float:
    """Linear warm-up, then half a cosine down to a hundredth."""
    return min(1.0, (step + 1) / WARM_UP_STEPS) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / steps)))


@torch.no_grad()
def _average(kept: dict[str, Tensor], student: nn.Module, keep: float) -> None:
    for name, value in student.state_dict().items():
        if value.is_floating_point():
            kept[name].mul_(keep).add_(value, alpha=1 - keep)
