"""Tests of filming an answer: its frames, and the files that players and fake cameras read."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest

from alive402.demo import Take, answer_frames, film_answer, write_frames
from tests.liveness.challenge.people import challenge

SMALL = Take(size=(160, 120), rate=10, seed=3)


def test_a_seed_gives_the_same_film_and_another_seed_another_take() -> None:
    one, again, other = (
        list(islice(answer_frames(challenge(1), Take(SMALL.size, SMALL.rate, seed=seed)), 3)) for seed in (3, 3, 4)
    )
    assert [frame.shape for frame in one] == [(120, 160, 3)] * 3
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert np.abs(one[0].astype(int) - other[0]).mean() > 2
    noise = one[0][-30:].astype(int) - one[1][-30:]
    assert 0.5 < noise.std() < 10


def test_a_film_lasts_as_long_as_the_challenge_with_the_rest_around_it(tmp_path: Path) -> None:
    asked = challenge(1)
    take = Take(size=(96, 72), rate=5, before=1.0, after=2.0)
    path = film_answer(asked, tmp_path / "answer.mp4", take)
    with av.open(str(path)) as file:
        frames = list(file.decode(video=0))
    assert len(frames) == round((asked.seconds + 3.0) * 5)
    assert (frames[0].width, frames[0].height) == (96, 72)


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "h264"), ("a.mjpeg", "mjpeg"), ("a.y4m", "rawvideo")])
def test_files_for_players_and_fake_cameras(tmp_path: Path, name: str, codec: str) -> None:
    pictures = [np.full((48, 64, 3), 20 * number, np.uint8) for number in range(6)]
    path = write_frames(pictures, tmp_path / name, 30)
    with av.open(str(path)) as file:
        assert file.streams.video[0].codec_context.name == codec
        seen = [frame.to_ndarray(format="bgr24") for frame in file.decode(video=0)]
    assert len(seen) == len(pictures)
    assert [abs(int(one.mean()) - 20 * number) < 5 for number, one in enumerate(seen)] == [True] * 6


def test_other_formats_and_rates_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not as \\.webm"):
        write_frames([], tmp_path / "a.webm", 30)
    with pytest.raises(ValueError, match="30 frames a second, not 15"):
        write_frames([], tmp_path / "a.mjpeg", 15)
