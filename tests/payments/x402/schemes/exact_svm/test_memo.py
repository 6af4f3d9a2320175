"""Tests of the memo: it names one 402 answer of one path, and proves itself."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alive402.payments.x402.schemes.exact_svm import memo


def test_memo_is_short_enough_for_the_clients_work_limit() -> None:
    assert len(memo.new("/api/tools/video")) == 24


def test_memo_is_for_its_path_only() -> None:
    made = memo.new("/a")
    assert memo.is_for(made, "/a")
    assert not memo.is_for(made, "/b")
    issued = memo.issued_at(made)
    assert issued is not None
    assert abs(issued - time.time()) < 5


def test_two_memos_of_one_second_differ() -> None:
    assert len({memo.new("/a") for _ in range(100)}) == 100


def test_memo_from_the_future_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() + 3600)
    made = memo.new("/a")
    monkeypatch.undo()
    assert not memo.is_for(made, "/a")


@given(st.text(max_size=30))
@settings(max_examples=30)
def test_other_text_is_no_memo_of_ours(text: str) -> None:
    assert not memo.is_for(text, "/a")


@given(st.integers(0, 23), st.sampled_from("AZaz09-_"))
def test_changed_memo_is_refused(place: int, letter: str) -> None:
    made = memo.new("/a")
    changed = made[:place] + letter + made[place + 1 :]
    assert memo.is_for(changed, "/a") == (changed == made)
