"""Tests of fitting the challenge's thresholds on a manifest: who counts, and what is left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2

from alive402.demo import Clips
from alive402.lab import fit_presentations
from alive402.lab.datasets import Presentation
from alive402.liveness import Challenge
from tests.conftest import Image


def test_clips_with_and_without_a_challenge_are_told_apart(clips: Clips, person: list[Image], tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "face.png"), person[60])
    asked = Challenge.new("asked", bytes(16))
    one = Presentation(clips.bona_fide, "one.mp4", True, subject="ann", challenge=asked)
    told: list[tuple[int, int]] = []
    found = fit_presentations(
        [
            one,
            replace(one, name="nameless.mp4", subject=""),
            replace(one, name="free.mp4", challenge=None),
            replace(one, name="attack.mp4", bona_fide=False),
            replace(one, name="face.png", path=tmp_path / "face.png"),
            replace(one, name="gone.mp4", path=tmp_path / "gone.mp4"),
        ],
        lambda done, total, _: told.append((done, total)),
    )
    assert told == [(done, 5) for done in range(5)]
    assert (found.people, found.asked, found.unasked, found.attacks) == (1, 2, 1, 1)
    assert found.unreadable == {"file_unreadable": 1, "unsupported_video": 1}
    assert found.fit is not None
    assert sum(each.asked for each in found.fit.movements) == 10
    assert not found.fit.limits.fitted
    figures = found.to_dict()
    assert (figures["asked_clips"], figures["fitted"]) == (2, False)
    assert "ann" not in str(figures)


def test_without_an_asked_clip_nothing_is_fitted(clips: Clips) -> None:
    found = fit_presentations([Presentation(clips.bona_fide, "free.mp4", True)])
    assert (found.fit, found.unasked) == (None, 1)
    assert "movements" not in found.to_dict()
