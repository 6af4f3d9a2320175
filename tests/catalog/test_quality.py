"""Tests of measured quality: null where nothing was measured, shares otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from alive402.catalog.quality import Quality, moment


def test_unmeasured_quality_is_null() -> None:
    measured = Quality().to_dict()
    assert measured["qualityScore"] is None
    assert measured["successRate"] is None
    assert measured["lastCallAt"] is None
    assert measured["healthStatus"] == "unknown"


@given(worked_on=st.integers(1, 10**6), data=st.data())
def test_score_is_below_the_share_and_rises_with_more_calls(worked_on: int, data: st.DataObject) -> None:
    faults = data.draw(st.integers(0, worked_on))
    score = Quality(worked_on=worked_on, faults=faults).score
    more = Quality(worked_on=worked_on * 10, faults=faults * 10).score
    assert score is not None
    assert more is not None
    assert 0 <= score <= 1 - faults / worked_on + 1e-4
    assert more >= score


def test_moment_is_utc_with_seconds() -> None:
    at = datetime(2026, 3, 1, 12, 30, 5, 999, timezone(timedelta(hours=8)))
    assert moment(at) == "2026-03-01T04:30:05Z"
    assert moment(at.astimezone(UTC)) == moment(at)
    assert moment(None) is None
