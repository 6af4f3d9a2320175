"""Tests of the journal of judgements: reading back, and a run that was killed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.judging.journal import Answer, Journal

ONE = Answer("grey", "a.mp4", "m", "e", 402, "spoof", 0.1, ("bezel",), "", 0.5)


def test_last_answer_of_a_key_counts(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "new" / "journal.jsonl")
    assert journal.read() == {}
    other, again = replace(ONE, engine="another"), replace(ONE, verdict="live")
    for answer in (ONE, other, again):
        journal.add(answer)
    assert Journal(journal.path).read() == {again.key: again, other.key: other}


def test_torn_line_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    Journal(path).add(ONE)
    path.write_bytes(path.read_bytes() + b'{"name": "gr\xff')
    later = replace(ONE, clip="b.mp4")
    Journal(path).add(later)
    path.write_text(path.read_text(errors="replace") + '{"name": 3}\n[]\n')
    assert Journal(path).read() == {ONE.key: ONE, later.key: later}
