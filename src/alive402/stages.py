"""The stages of a call, told to whoever watches: verifying, fetching, judging, settling."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Protocol


class CallStage(StrEnum):
    """What a call waits for, one after the other."""

    VERIFY = "verify"
    FETCH = "fetch"
    ANALYSIS = "analysis"
    SETTLE = "settle"


class Watch(Protocol):
    """Whoever wants to know how long stages last and how they end."""

    def stage(self, name: CallStage) -> AbstractContextManager[None]:
        """Entered when a stage begins and left when it ends, with its error if it has one."""
        ...


# By context and not by process: several services may run in one process, each with its own watchers.
_watches: ContextVar[tuple[Watch, ...]] = ContextVar("alive402_watches", default=())


@contextmanager
def watched(watches: tuple[Watch, ...]) -> Iterator[None]:
    """Tell `watches` of every stage within the block, tasks that are started in it included."""
    before = _watches.set(watches)
    try:
        yield
    finally:
        _watches.reset(before)


@contextmanager
def stage(name: CallStage) -> Iterator[None]:
    """One stage: the block."""
    with ExitStack() as watching:
        for watch in _watches.get():
            watching.enter_context(watch.stage(name))
        yield
