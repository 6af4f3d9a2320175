"""Tests of answers as rows of a table."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from alive402 import Analyzer, Outcome, analyze, to_pandas, to_rows
from alive402.demo import Clips
from alive402.liveness import NoFace


@pytest.fixture(scope="module")
def outcomes(clips: Clips, analyzer: Analyzer) -> list[Outcome]:
    report = analyze(clips.bona_fide, analyzer=analyzer)
    return [Outcome(clips.bona_fide, report), Outcome("b.mp4", error=NoFace()), Outcome(b"c", error=OSError("no"))]


def test_rows_are_flat(outcomes: list[Outcome]) -> None:
    live, nobody, gone = to_rows(outcomes)
    assert (live["source"], live["verdict"], live["reasons"]) == (str(outcomes[0].source), "live", "appearance_live")
    assert live["cue_appearance"] > 0.9
    assert (live["width"], live["codec"], live["usable_frames"]) == (193, "h264", 16)
    assert (nobody["source"], nobody["code"]) == ("b.mp4", "no_face")
    assert (gone["source"], gone["code"], gone["message"]) == (None, "file_unreadable", "no")
    assert {type(value) for value in live.values()} <= {str, int, float, list, type(None)}


def test_pandas_gets_a_row_for_each_answer(outcomes: list[Outcome]) -> None:
    pytest.importorskip("pandas")
    report = outcomes[0].report
    assert report is not None
    table = to_pandas([*outcomes, report])
    assert len(table) == 4
    assert table["verdict"].tolist()[::3] == ["live", "live"]
    assert table["live_confidence"].mean() == pytest.approx(report.live_confidence, abs=1e-6)


def test_without_pandas_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install 'alive402\[pandas\]'"):
        to_pandas([])


def test_path_is_named(outcomes: list[Outcome]) -> None:
    assert to_rows([Outcome(Path("x/y.mp4"), error=NoFace())])[0]["source"] == "x/y.mp4"
