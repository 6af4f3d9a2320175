"""Tests of stages: observers see each stage with its error, per task."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from alive402.stages import CallStage, stage, watched


class Recorder:
    """Notes the stages and their errors."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    @contextmanager
    def stage(self, name: CallStage) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.seen.append(f"{name} {type(error).__name__}")
            raise
        self.seen.append(str(name))


def test_each_observer_sees_each_stage_and_its_error() -> None:
    one, other = Recorder(), Recorder()
    with watched((one, other)):
        with stage(CallStage.FETCH):
            pass
        with pytest.raises(KeyError), stage(CallStage.SETTLE):
            raise KeyError
    with stage(CallStage.VERIFY):
        pass
    assert one.seen == other.seen == ["fetch", "settle KeyError"]


def test_tasks_have_observers_of_their_own() -> None:
    recorders = [Recorder() for _ in range(3)]

    async def call(recorder: Recorder) -> None:
        with watched((recorder,)):
            await asyncio.sleep(0)
            with stage(CallStage.ANALYSIS):
                await asyncio.sleep(0)

    async def calls() -> None:
        await asyncio.gather(*map(call, recorders))

    asyncio.run(calls())
    assert [recorder.seen for recorder in recorders] == [["analysis"]] * 3
