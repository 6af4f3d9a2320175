"""Tests of the rendered phone replay."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from alive402.demo.replay import FRAME, render_replay
from tests.conftest import Image, write_video


def decoded(path: Path) -> list[Image]:
    with av.open(str(path)) as file:
        return [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in file.decode(video=0)]


def test_replay_keeps_the_frames_and_shows_the_clip_on_a_phone(person: list[Image], tmp_path: Path) -> None:
    source = write_video(tmp_path / "source.mp4", person[:4])
    shares: list[float] = []
    render_replay(source, tmp_path / "replay.mp4", shares.append)
    filmed = decoded(tmp_path / "replay.mp4")
    assert [(picture.shape[1], picture.shape[0]) for picture in filmed] == [FRAME] * 4
    assert shares == sorted(shares)
    assert shares[-1] == 1
    render_replay(source, tmp_path / "again.mp4")
    assert all(np.array_equal(one, other) for one, other in zip(filmed, decoded(tmp_path / "again.mp4"), strict=True))


def test_replay_depends_on_the_shown_clip(person: list[Image], tmp_path: Path) -> None:
    pictures = []
    for number, frame in enumerate((person[0], np.zeros_like(person[0]))):
        render_replay(write_video(tmp_path / f"{number}.mp4", [frame] * 2), tmp_path / f"replay{number}.mp4")
        pictures.append(decoded(tmp_path / f"replay{number}.mp4")[0].astype(int))
    difference = np.abs(pictures[0] - pictures[1]).max(axis=2) > 20
    assert 0.05 < difference.mean() < 0.9
