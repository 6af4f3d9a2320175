"""Tests of learning: the loss falls, one result per seed, and resuming after a stop."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from training.pool import KINDS, Chunk

torch = pytest.importorskip("torch", reason="torch is not installed (training/requirements.txt)")
pytest.importorskip("onnx", reason="onnx is not installed (training/requirements.txt)")

from training.learn import Plan, learn  # noqa: E402
from training.two_view import student_pair, teacher_pair  # noqa: E402

from tests.training.networks import small_teacher  # noqa: E402

PLAN = Plan(steps=6, batch=8, rate=1e-3)


def pool(count: int = 40) -> Chunk:
    rng = np.random.default_rng(402)
    views = rng.integers(0, 255, (2, count, 128, 128, 3), np.uint8)
    face = np.tile(np.array([0.3, 0.3, 0.7, 0.7], np.float32), (count, 2, 1))
    labels = rng.integers(0, 3, count).astype(np.int8)
    kinds = np.full(count, KINDS.index("bona_fide"), np.int8)
    logits, felt = rng.normal(0, 2, (count, 2, 3)), rng.normal(0, 1, (count, 2, 128))
    held_out = np.arange(count) < 4
    return Chunk(
        views[0],
        views[1],
        face,
        labels,
        kinds,
        np.zeros(count, np.float32),
        logits.astype(np.float16),
        felt.astype(np.float16),
        held_out,
    )


def weights(network: torch.nn.Module) -> np.ndarray:
    return torch.cat([weight.detach().flatten() for weight in network.parameters()]).numpy()


def test_stopped_learning_resumes_identically(tmp_path: Path) -> None:
    folder = small_teacher(tmp_path)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    at_once = learn(student_pair(folder, 1.0), teacher_pair(folder), pool(), PLAN, whole)
    again = learn(student_pair(folder, 1.0), teacher_pair(folder), pool(), PLAN, parts)
    assert np.array_equal(weights(at_once), weights(again))
    resumed = learn(student_pair(folder, 1.0), teacher_pair(folder), pool(), PLAN, parts)
    assert np.array_equal(weights(at_once), weights(resumed))
    other = learn(student_pair(folder, 1.0), teacher_pair(folder), pool(), replace(PLAN, seed=7), parts)
    assert not np.array_equal(weights(at_once), weights(other))


@pytest.mark.parametrize(
    "plan",
    [
        replace(PLAN, altered=0.0),
        replace(PLAN, altered=1.0),
        replace(PLAN, altered=1.0, harder=1.0),
        replace(PLAN, labels=0.0),
    ],
)
def test_every_ablation_learns(tmp_path: Path, plan: Plan) -> None:
    folder = small_teacher(tmp_path)
    before = weights(student_pair(folder, 1.0))
    after = weights(learn(student_pair(folder, 1.0), teacher_pair(folder), pool(), plan, tmp_path))
    assert np.isfinite(after).all()
    assert not np.array_equal(before, after)


def test_other_start_weights_ignore_the_checkpoint(tmp_path: Path) -> None:
    folder = small_teacher(tmp_path)
    learn(student_pair(folder, 1.0), teacher_pair(folder), pool(), PLAN, tmp_path)
    start = student_pair(folder, 1.0)
    with torch.no_grad():
        for weight in start.parameters():
            weight.mul_(0.5)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    alone = learn(copy.deepcopy(start), teacher_pair(folder), pool(), PLAN, fresh)
    beside = learn(start, teacher_pair(folder), pool(), PLAN, tmp_path)
    assert np.array_equal(weights(alone), weights(beside))
