"""Tests of prefetching: same items, same order, same errors, and no thread left."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alive402.liveness.media.prefetch import prefetched


def threads() -> int:
    return sum(thread.name == "prefetch" for thread in threading.enumerate())


@given(st.lists(st.integers(), max_size=40), st.integers(0, 40))
def test_items_keep_their_order(items: list[int], taken: int) -> None:
    with closing(prefetched(items, lambda item: (item, threading.current_thread().name), 4)) as stream:
        seen = [one for one, _ in zip(stream, range(taken), strict=False)]
    assert seen == [(item, "prefetch") for item in items[:taken]]
    assert threads() == 0


@given(st.integers(0, 10))
def test_error_is_raised_at_its_item(count: int) -> None:
    def failing() -> Iterator[int]:
        yield from range(count)
        raise ValueError("broken off")

    seen: list[int] = []

    def take_all() -> None:
        with closing(prefetched(failing(), lambda item: item, 4)) as stream:
            for item in stream:
                seen.append(item)

    with pytest.raises(ValueError, match="broken off"):
        take_all()
    assert seen == list(range(count))
    assert threads() == 0


def test_error_of_the_caller_stops_the_thread() -> None:
    def endless() -> Iterator[int]:
        number = 0
        while True:
            yield number
            number += 1

    def stumble() -> None:
        with closing(prefetched(endless(), lambda item: item, 4)) as stream:
            for item in stream:
                if item == 7:
                    raise KeyError(item)

    with pytest.raises(KeyError):
        stumble()
    assert threads() == 0
