"""The student learns from the teacher's soft answers and from the known labels; resumable, seeded.

Loss: Kullback-Leibler divergence to the teacher's softened answers (Hinton et al. 2015, temperature 2), cross-entropy
with the known label, and the cosine between embeddings (Romero et al. 2015). Where label and teacher disagree, the
label counts for more: the teacher is unsure of heavily degraded bona fide, and blind to some attacks.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.augment import Batch, seen_anew, shrunk
from training.fast_teacher import FastTeacher
from training.model import EMBEDDING, TwoView, View, warm_start
from training.pool import LIVE, PRINT, UNKNOWN, Chunk

TEMPERATURE = 2.0
LABEL_WEIGHT, EMBEDDING_WEIGHT = 0.5, 0.5
DOUBTED_LIVE_WEIGHT, DOUBTED_ATTACK_WEIGHT = 0.2, 0.5
AVERAGE = 0.998
WARM_UP_STEPS = 200
SAVE_SECONDS = 120.0
STATISTICS_BATCH = 256
BLIND_SHARE, KNOWN_PRINT_SHARE = 0.4, 3.0
USES, KEPT_BATCHES, FEWEST_BATCHES = 3, 150, 12


@dataclass(frozen=True, slots=True)
class Plan:
    """How to learn: `steps` of `batch` samples, `rate` at its peak."""

    steps: int
    batch: int = 64
    rate: float = 2e-3
    decay: float = 0.02
    seed: int = 402
    start: Path | None = None
    labels: bool = True
    teacher: bool = True


class _Learner(nn.Module):
    """The student with what it needs only while learning: a map from its embeddings to the teacher's."""

    def __init__(self) -> None:
        super().__init__()
        self.student = TwoView()
        self.mid, self.wide = nn.Linear(EMBEDDING, EMBEDDING), nn.Linear(EMBEDDING, EMBEDDING)


class _Shelf:
    """Batches that the teacher has answered, each used about three times: asking it costs about what a step does."""

    def __init__(self, pool: Chunk, training: np.ndarray, plan: Plan, teacher: FastTeacher) -> None:
        self._pool, self._training, self._plan, self._teacher = pool, training, plan, teacher
        self._kept: deque[tuple[Batch, Tensor]] = deque(maxlen=KEPT_BATCHES)
        chance = _chance(pool)[training]
        self._chance = chance / chance.sum()
        self._since = 0

    def next(self, rng: np.random.Generator) -> tuple[Batch, Tensor]:
        """A new batch, or one that was made before, and its known labels (n,) int64."""
        self._since += 1
        if len(self._kept) >= FEWEST_BATCHES and self._since % USES:
            return self._kept[int(rng.integers(len(self._kept)))]
        some = np.sort(rng.choice(self._training, self._plan.batch, replace=False, p=self._chance))
        batch = seen_anew(self._pool.mid[some], self._pool.wide[some], self._teacher, rng)
        self._kept.append((batch, torch.from_numpy(self._pool.labels[some].astype(np.int64))))
        return self._kept[-1]


def distill(pool: Chunk, plan: Plan, teacher: FastTeacher, work: Path) -> TwoView:
    """Train on the pool's samples that are not held out; returns the averaged student in evaluation mode."""
    torch.manual_seed(plan.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    learner = _Learner()
    training = np.flatnonzero(~pool.held_out)
    if plan.start is not None:
        some = np.random.default_rng(plan.seed).choice(training, min(STATISTICS_BATCH, len(training)), replace=False)
        warm_start(learner.student, plan.start, views(pool.mid[some]), views(pool.wide[some]))
    learner, teacher = learner.to(device).to(memory_format=torch.channels_last), teacher.to(device)
    averaged = _Learner().to(device)
    averaged.load_state_dict(learner.state_dict())
    optimizer = torch.optim.AdamW(learner.parameters(), plan.rate, weight_decay=plan.decay)
    checkpoint = work / "checkpoint.pt"
    step, spent = 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device)
        for target, name in ((learner, "learner"), (averaged, "averaged"), (optimizer, "optimizer")):
            target.load_state_dict(state[name])
        step, spent = state["step"], state["spent"]
        print(f"  going on at step {step} of {plan.steps}", flush=True)
    shelf = _Shelf(pool, training, plan, teacher)
    saved, began = perf_counter(), perf_counter() - spent
    total = math.nan
    while step < plan.steps:
        rng = np.random.default_rng([plan.seed, step])
        for group in optimizer.param_groups:
            group["lr"] = plan.rate * _schedule(step, plan.steps)
        batch, labels = shelf.next(rng)
        loss = _loss(learner, batch, labels, plan, device)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(learner.parameters(), 5.0)
        optimizer.step()
        _average(averaged, learner, min(AVERAGE, (1 + step) / (10 + step)))
        step += 1
        total = loss.item() if math.isnan(total) else 0.99 * total + 0.01 * loss.item()
        if perf_counter() - saved > SAVE_SECONDS:
            saved = perf_counter()
            spent = saved - began
            state = {"learner": learner.state_dict(), "averaged": averaged.state_dict()}
            state |= {"optimizer": optimizer.state_dict(), "step": step, "spent": spent}
            torch.save(state, checkpoint.with_suffix(".part"))
            checkpoint.with_suffix(".part").replace(checkpoint)
            rate = step * plan.batch / spent
            print(f"  step {step} of {plan.steps}, {spent:.0f} s, {rate:.0f} samples/s, loss {total:.3f}", end=", ")
            print(agree(averaged.student, pool), flush=True)
    return averaged.student.cpu().eval()


def _chance(pool: Chunk) -> np.ndarray:
    """(n,) how often each sample is shown, on average 1 or so.

    Attacks that the teacher calls bona fide teach little about it. Prints that it knows for prints are rare in what is
    rendered, and the student forgets them first.
    """
    said = torch.from_numpy(pool.logits.astype(np.float32)).softmax(2).mean(1).numpy()
    attack = (pool.labels != LIVE) & (pool.labels != UNKNOWN)
    chance = np.where(attack & (said[:, LIVE] > 0.5), BLIND_SHARE, 1.0)
    return np.where((pool.labels == PRINT) & (said[:, PRINT] > 0.5), KNOWN_PRINT_SHARE, chance)


def _loss(learner: _Learner, batch: Batch, labels: Tensor, plan: Plan, device: str) -> Tensor:
    labels = torch.where(batch.mixed, UNKNOWN, labels).to(device)
    parts = []
    for place, (images, view, mapping) in enumerate(
        (
            (batch.mid, learner.student.mid, learner.mid),
            (batch.wide, learner.student.wide, learner.wide),
        )
    ):
        shown = (images / 127.5 - 1.0).to(device).to(memory_format=torch.channels_last)
        taught, embedding = batch.logits[:, place].to(device), batch.embeddings[:, place].to(device)
        parts.append(_view_loss(view, mapping, shown, taught, embedding, labels, plan))
    return torch.stack(parts).sum()


def _view_loss(
    view: View,
    mapping: nn.Linear,
    batch: Tensor,
    taught: Tensor,
    embedding: Tensor,
    labels: Tensor,
    plan: Plan,
) -> Tensor:
    known = labels != UNKNOWN
    with torch.autocast(batch.device.type, torch.bfloat16):
        said, felt = view(batch)
    said, felt = said.float(), felt.float()
    loss = said.new_zeros(())
    if plan.teacher:
        live = taught.softmax(1)[:, LIVE]
        weight = torch.where((labels == LIVE) & (live < 0.5), DOUBTED_LIVE_WEIGHT, 1.0)
        weight = torch.where(known & (labels != LIVE) & (live > 0.5), DOUBTED_ATTACK_WEIGHT, weight)
        soft = functional.kl_div(
            functional.log_softmax(said / TEMPERATURE, 1), functional.softmax(taught / TEMPERATURE, 1), reduction="none"
        ).sum(1)
        apart = 1 - functional.cosine_similarity(mapping(felt), embedding, dim=1)
        loss = loss + (weight * (soft * TEMPERATURE**2 + EMBEDDING_WEIGHT * apart)).mean()
    if plan.labels and bool(known.any()):
        loss = loss + LABEL_WEIGHT * functional.cross_entropy(said[known], labels[known])
    return loss


@torch.no_grad()
def agree(student: TwoView, pool: Chunk, most: int = 3000) -> str:
    """How the student does on held-out people: correlation with the teacher's p(live), and accuracy on known labels."""
    student.eval()
    device = next(student.parameters()).device
    held = np.flatnonzero(pool.held_out)[:most]
    if not len(held):
        return "nothing held out"
    said = []
    for start in range(0, len(held), 250):
        some = held[start : start + 250]
        mid, wide = ((views(images[some]).to(device) + 1) * 127.5 for images in (pool.mid, pool.wide))
        said.append(student(mid, wide)[0].float().cpu().numpy())
    live = np.concatenate(said)
    taught = torch.from_numpy(pool.logits[held].astype(np.float32)).softmax(2)[:, :, LIVE].mean(1).numpy()
    labels = pool.labels[held]
    known = labels != UNKNOWN
    right = float(((live > 0.5) == (labels == LIVE))[known].mean())
    teacher_right = float(((taught > 0.5) == (labels == LIVE))[known].mean())
    return f"agreement r {np.corrcoef(live, taught)[0, 1]:.3f}, right {right:.3f} (teacher {teacher_right:.3f})"


def views(images: np.ndarray) -> Tensor:
    """(n, 3, 80, 80) float32 in -1..1, of (n, 128, 128, 3) uint8."""
    return shrunk(torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))).float()) / 127.5 - 1.0


def _schedule(step: int, steps: int) -> float:
    """Linear warm-up, then half a cosine down to a hundredth."""
    return min(1.0, (step + 1) / WARM_UP_STEPS) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / steps)))


@torch.no_grad()
def _average(averaged: nn.Module, learner: nn.Module, keep: float) -> None:
    for ours, theirs in zip(averaged.state_dict().values(), learner.state_dict().values(), strict=True):
        if ours.dtype.is_floating_point:
            ours.mul_(keep).add_(theirs, alpha=1 - keep)
        else:
            ours.copy_(theirs)
