"""Tests of files that decoders and players show differently, if a folder of them is available.

Set ALIVE402_AWKWARD_FILES to the folder; else `../shared/data/awkward` is looked for. Pictures are tested elsewhere.
"""

from __future__ import annotations

import numpy as np
import pytest

from alive402.liveness import Analyzer
from alive402.liveness.faces import FaceFinder
from alive402.liveness.media.container import VideoFile
from tests.conftest import Image
from tests.liveness.awkward_files import AWKWARD, needs_awkward

pytestmark = needs_awkward

UPRIGHT = {
    "av1.mp4": (1080, 720),
    "cover_art.mp4": (1080, 720),
    "fragmented.mp4": (1080, 720),
    "matrix_mirrors_only.mp4": (1080, 720),
    "mdat_longer_than_file.mp4": (1080, 720),
    "rotation_in_track_name.mkv": (1080, 720),
    "variable_rate_sar.mp4": (640, 848),
}
"""Files in which a player shows a face upright, and the size that it shows."""

SIDEWAYS = {"face_sideways_in_pixels.mp4": 0, "matrix_rotates_and_mirrors.mp4": 270}
"""Files in which a player shows the face lying on its side, and the turn that the file asks for."""


def first(name: str) -> Image:
    with VideoFile(AWKWARD / name) as file:
        return next(iter(file)).bgr()


def apart(one: Image, other: Image) -> float:
    return float(np.abs(one.astype(int) - other).mean())


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


@pytest.mark.parametrize("name", UPRIGHT)
def test_face_is_seen_upright(name: str, finder: FaceFinder) -> None:
    with VideoFile(AWKWARD / name) as file:
        frames = [(frame.size, frame.small(640)) for frame in file]
    video = file.video()
    assert {size for size, _ in frames} == {UPRIGHT[name]} == {(video.width, video.height)}
    assert video.rotation == 0
    found, _ = finder.search(frames[len(frames) // 2][1], (0,))
    assert max(face.score for face in found) > 0.85


SOFT = pytest.mark.xfail(strict=True, reason="a known wrong verdict: the person in this soft picture is refused")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[SOFT] if name == "variable_rate_sar.mp4" else []) for name in UPRIGHT]
)
def test_person_is_no_attack(name: str, analyzer: Analyzer) -> None:
    assert analyzer.analyze(AWKWARD / name).report.verdict != "spoof"


@pytest.mark.parametrize("name", SIDEWAYS)
def test_face_filmed_sideways_stays_sideways(name: str) -> None:
    with VideoFile(AWKWARD / name) as file:
        assert {frame.size for frame in file} == {(720, 1080)}
    assert file.video().rotation == SIDEWAYS[name]


def test_mirror_flags_apply_and_names_do_not() -> None:
    plain = first("fragmented.mp4")
    assert apart(first("matrix_mirrors_only.mp4"), plain[:, ::-1]) < 5
    assert apart(first("matrix_rotates_and_mirrors.mp4"), plain.swapaxes(0, 1)) < 5
    assert apart(first("rotation_in_track_name.mkv"), plain) < 5
