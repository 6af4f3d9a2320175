"""Runs an iterator a few steps ahead in its own thread, so that decoding and analysis run in parallel."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

Item = TypeVar("Item")
Prepared = TypeVar("Prepared")

PATIENCE_SECONDS = 0.1


def prefetched(
    items: Iterable[Item], prepare: Callable[[Item], Prepared], depth: int
) -> Generator[Prepared, None, None]:
    """Yield `prepare(item)` of each item in order, computed in the thread; errors of the thread are raised here.

    At most `depth` (> 0) of them wait. Closing the generator (`contextlib.closing`) stops the thread and waits for it.
    """
    waiting: queue.Queue[tuple[list[Prepared], BaseException | None]] = queue.Queue(depth)  # Nothing made: the end.
    left = threading.Event()

    def hand_over(made: list[Prepared], error: BaseException | None) -> None:
        while not left.is_set():
            try:
                return waiting.put((made, error), timeout=PATIENCE_SECONDS)
            except queue.Full:
                continue

    def run() -> None:
        try:
            for item in items:
                if left.is_set():
                    return
                hand_over([prepare(item)], None)
        except BaseException as error:
            hand_over([], error)
        else:
            hand_over([], None)

    thread = threading.Thread(target=run, name="prefetch", daemon=True)
    thread.start()
    try:
        while True:
            made, error = waiting.get()
            if error is not None:
                raise error
            if not made:
                return
            yield made[0]
    finally:
        left.set()
        thread.join()
