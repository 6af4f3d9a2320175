"""Stages of a call (verifying, fetching, judging, settling), reported to observers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Protocol


class CallStage(StrEnum):
    """The stages of a call, in order."""

    VERIFY = "verify"
    FETCH = "fetch"
    ANALYSIS = "analysis"
    SETTLE = "settle"


class Watch(Protocol):
    """Observer of stages: how long each lasts and how it ends."""

    def stage(self, name: CallStage) -> AbstractContextManager[None]:
        """Context manager around one stage; it sees the stage's error, if any."""
        ...


# Per context, not per process: several services may run in one process, each with its own observers.
_watches: ContextVar[tuple[Watch, ...]] = ContextVar("alive402_watches", default=())


@contextmanager
def watched(watches: tuple[Watch, ...]) -> Iterator[None]:
    """Report every stage in the block to `watches`, including those in tasks started in it."""
    before = _watches.set(watches)
    try:
        yield
    finally:
        _watches.reset(before)


@contextmanager
def stage(name: CallStage) -> Iterator[None]:
    """Run the block as one stage."""
    with ExitStack() as watching:
        for watch in _watches.get():
            watching.enter_context(watch.stage(name))
        yield
