"""Runs an iterator a few steps ahead in its own thread, so that decoding and analysis run in parallel."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

Item = TypeVar("Item")

PATIENCE_SECONDS = 0.1


def prefetched(items: Iterable[Item], prepare: Callable[[Item], object], depth: int) -> Generator[Item, None, None]:
    """Yield `items` in order, each after `prepare(item)` ran in the thread; errors of the thread are raised here.

    At most `depth` (> 0) items wait. Closing the generator (`contextlib.closing`) stops the thread and waits for it.
    """
    waiting: queue.Queue[tuple[Item | None, BaseException | None]] = queue.Queue(depth)
    left = threading.Event()

    def hand_over(item: Item | None, error: BaseException | None) -> None:
        while not left.is_set():
            try:
                return waiting.put((item, error), timeout=PATIENCE_SECONDS)
            except queue.Full:
                continue

    def run() -> None:
        try:
            for item in items:
                if left.is_set():
                    return
                prepare(item)
                hand_over(item, None)
        except BaseException as error:
            hand_over(None, error)
        else:
            hand_over(None, None)

    thread = threading.Thread(target=run, name="prefetch", daemon=True)
    thread.start()
    try:
        while True:
            item, error = waiting.get()
            if error is not None:
                raise error
            if item is None:
                return
            yield item
    finally:
        left.set()
        thread.join()
