"""Tests of judging many sources, in a loop and awaited."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from alive402 import (
    AnalysisError,
    Analyzer,
    Outcome,
    analyze_async,
    analyze_image_async,
    analyze_many,
    analyze_many_async,
)
from alive402.demo import Clips
from tests.conftest import Image


@pytest.fixture
def sources(clips: Clips, person: list[Image], tmp_path: Path) -> list[Path | str | bytes]:
    """A person, a picture of one, a file that is missing, and bytes that are no video."""
    cv2.imwrite(str(tmp_path / "face.png"), person[60])
    return [clips.bona_fide, str(tmp_path / "face.png"), tmp_path / "gone.mp4", b"words"]


def checked(outcomes: list[Outcome], sources: list[Path | str | bytes]) -> None:
    assert [one.source for one in outcomes] == sources
    assert [one.report.verdict if one.report else None for one in outcomes] == ["live", "live", None, None]
    assert isinstance(outcomes[2].error, FileNotFoundError)
    assert isinstance(outcomes[3].error, AnalysisError)
    assert outcomes[3].error.code == "unsupported_video"


def test_many_are_judged_as_they_are_asked_for(sources: list[Path | str | bytes], analyzer: Analyzer) -> None:
    taken: list[object] = []
    outcomes = analyze_many((taken.append(each) or each for each in sources), analyzer=analyzer)  # type: ignore[func-returns-value]
    first = next(outcomes)
    assert taken == sources[:1]
    checked([first, *outcomes], sources)


@pytest.mark.anyio
async def test_many_are_awaited(sources: list[Path | str | bytes], analyzer: Analyzer) -> None:
    checked([one async for one in analyze_many_async(sources, analyzer=analyzer)], sources)


@pytest.mark.anyio
async def test_one_is_awaited(sources: list[Path | str | bytes], analyzer: Analyzer) -> None:
    assert (await analyze_async(sources[0], threshold=0.9999, analyzer=analyzer)).verdict == "spoof"
    assert (await analyze_image_async(sources[1], analyzer=analyzer)).verdict == "live"
    with pytest.raises(AnalysisError):
        await analyze_async(sources[3], analyzer=analyzer)
