"""Limits library threads: an analysis keeps the cores busy by running different steps in parallel."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache

import cv2
from threadpoolctl import ThreadpoolController

_door = threading.Lock()
_inside = 0
_restoring = ExitStack()


@contextmanager
def one_thread_each() -> Iterator[None]:
    """OpenCV and BLAS use the calling thread only, in the whole process, until the last block ends.

    Their own threads split work into pieces so small that handing them over takes longer than the work; and BLAS
    threads wait for more work on a core that others need.
    """
    global _inside
    with _door:
        if _inside == 0:
            _restoring.enter_context(_libraries().limit(limits=1))
            _restoring.callback(cv2.setNumThreads, cv2.getNumThreads())
            cv2.setNumThreads(1)
        _inside += 1
    try:
        yield
    finally:
        with _door:
            _inside -= 1
            if _inside == 0:
                _restoring.close()


@cache
def _libraries() -> ThreadpoolController:
    """The libraries loaded by now; searching for them takes milliseconds."""
    return ThreadpoolController()
