"""Who computes on how many threads: an analysis keeps the cores busy by doing different things at once."""

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
    """OpenCV and BLAS compute on the thread that called them, in this whole process, until nobody is inside any more.

    Threads of their own share out work so small that handing it over takes longer than doing it; and those of BLAS
    wait for more on a core that others need.
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
    """Those that are loaded by now; looking for them takes milliseconds."""
    return ThreadpoolController()
