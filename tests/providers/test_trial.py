"""Tests of the trial: whether files can be judged, found by a built-in clip and by the calls themselves."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import av
import numpy as np
import pytest

from alive402.demo import Clips
from alive402.intake import FetchLimits
from alive402.intake.sandbox import SandboxLimits
from alive402.liveness import AnalysisFailed, AnalysisUnavailable, UnsupportedVideo
from alive402.providers import LocalProvider, trial
from tests.providers.trial_clip import FRAMES, frame

pytestmark = pytest.mark.anyio
# Too little for a worker to start; and enough to start, but not to judge.
TOO_LITTLE = [60 << 20, 800 << 20]


@asynccontextmanager
async def machine(memory_bytes: int = SandboxLimits().memory_bytes) -> AsyncIterator[LocalProvider]:
    provider = LocalProvider(FetchLimits(), SandboxLimits(memory_bytes=memory_bytes), at_once=1)
    try:
        yield provider
    finally:
        await provider.close()


def test_clip_is_the_drawn_one() -> None:
    with av.open(str(trial.CLIP)) as film:
        seen = [each.to_ndarray(format="bgr24") for each in film.decode(video=0)]
    assert len(seen) == FRAMES
    for index, picture in enumerate(seen):
        assert np.abs(picture.astype(float) - frame(index)).mean() < 5
    assert trial.CLIP.stat().st_size < 10_000


async def test_worker_judges_the_clip_once() -> None:
    async with machine() as provider:
        assert await provider.trial.known()
        worker = provider._judges._idle[0]  # type: ignore[attr-defined]
        assert await provider.trial.known()
        assert await provider.trial.now()
        assert worker.jobs == 1


@pytest.mark.parametrize("memory_bytes", TOO_LITTLE)
async def test_any_file_is_unavailable_while_the_clip_fails(memory_bytes: int, clips: Clips) -> None:
    async with machine(memory_bytes) as provider:
        with pytest.raises(AnalysisUnavailable) as caught:
            await provider.judge(clips.bona_fide)
        assert caught.value.status == 503
        assert not await provider.trial.known()


async def test_file_that_fails_alone_is_no_fault_of_the_service(tmp_path: Path) -> None:
    async with machine() as provider:
        with pytest.raises(AnalysisFailed):
            await provider.judge(tmp_path / "gone")
        assert await provider.trial.known()


async def test_call_that_is_judged_ends_a_bad_result(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no video")
    async with machine() as provider:
        provider.trial.works = False
        with pytest.raises(UnsupportedVideo):
            await provider.judge(tmp_path / "text")
        assert await provider.trial.known()


async def test_bad_or_doubtful_result_is_tried_again() -> None:
    async with machine() as provider:
        provider.trial.works = False
        await provider.trial._try_if_old()
        assert provider.trial.works
        worker = provider._judges._idle[0]  # type: ignore[attr-defined]
        for _ in range(2):
            await provider.trial._try_if_old()
        assert worker.jobs == 1
        provider.trial.known_at = -math.inf
        await provider.trial._try_if_old()
        assert worker.jobs == 2
