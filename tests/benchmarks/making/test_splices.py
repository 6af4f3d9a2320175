"""Tests of spliced clips: the same frames become the same file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from benchmarks.making.splices import write

from tests.liveness.scenes import face, room, shifted, sway


def test_file_is_the_same_whatever_the_memory_held(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    frames = [face(room(3, (320, 250)), shifted((110, 70, 190, 175), x, y)) for x, y in sway(40, 4.0)]
    noisy = [np.clip(frame + rng.integers(-9, 10, frame.shape), 0, 255).astype(np.uint8) for frame in frames]
    files = []
    for number in range(3):
        left = [rng.integers(0, 256, size, np.uint8) for size in rng.integers(100_000, 3_000_000, 30)]
        del left
        write(noisy, tmp_path / f"{number}.mp4")
        files.append((tmp_path / f"{number}.mp4").read_bytes())
    assert files[0] == files[1] == files[2]
