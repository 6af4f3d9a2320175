"""Tests of decoding by a graphics card: what a machine without one says, and that the frames are the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alive402.liveness import Analyzer, UnsupportedVideo
from alive402.liveness.media import VideoFile, check_hardware
from alive402.liveness.media.hardware import kinds
from tests.conftest import write_video
from tests.liveness.media.films import quarters


def works(kind: str) -> bool:
    try:
        check_hardware(kind)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("kind", ["nonsense", "", "CUDA "])
def test_unknown_kind_is_refused_with_the_known_ones(kind: str) -> None:
    with pytest.raises(ValueError, match="This installation knows: "):
        Analyzer(hardware=kind)


def test_kind_without_a_device_says_what_to_change() -> None:
    missing = next((kind for kind in kinds() if not works(kind)), None)
    if missing is None:
        pytest.skip("every kind of hardware decoding works on this machine")
    with pytest.raises(ValueError, match=r"does not work on this machine .* leave the option out"):
        check_hardware(missing)


@pytest.mark.parametrize("kind", kinds())
def test_frames_are_those_of_the_processor_with_a_device_or_without(kind: str, tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", [quarters(320, 256)] * 5)
    with VideoFile(path) as plain, VideoFile(path, hardware=kind) as other:
        for one, two in zip(plain, other, strict=True):
            assert one.time == two.time
            assert np.array_equal(one.small(64), two.small(64))


@pytest.mark.parametrize("kind", kinds())
def test_file_that_is_no_video_is_refused_as_one(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "words.mp4"
    path.write_text("no video\n" * 100)
    with pytest.raises(UnsupportedVideo):
        VideoFile(path, hardware=kind)
