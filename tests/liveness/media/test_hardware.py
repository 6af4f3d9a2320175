"""Tests of decoding by a graphics card: what a machine without one says, and that the frames are the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alive402.liveness import Analyzer
from alive402.liveness.media import VideoFile, check_hardware
from alive402.liveness.media.hardware import kinds
from tests.conftest import write_video
from tests.liveness.media.films import quarters


def working() -> list[str]:
    found = []
    for kind in kinds():
        try:
            check_hardware(kind)
        except ValueError:
            continue
        found.append(kind)
    return found


@pytest.mark.parametrize("kind", ["nonsense", "", "CUDA "])
def test_unknown_kind_is_refused_with_the_known_ones(kind: str) -> None:
    with pytest.raises(ValueError, match="This installation knows: "):
        Analyzer(hardware=kind)


def test_kind_without_a_device_says_what_to_change() -> None:
    missing = [kind for kind in kinds() if kind not in working()]
    if not missing:
        pytest.skip("every kind of hardware decoding works on this machine")
    with pytest.raises(ValueError, match=r"does not work on this machine .* leave the option out"):
        check_hardware(missing[0])


def test_frames_of_a_device_are_those_of_the_processor(tmp_path: Path) -> None:
    devices = working()
    if not devices:
        pytest.skip("no graphics card that decodes is on this machine")
    path = write_video(tmp_path / "clip.mp4", [quarters(320, 256)] * 5)
    with VideoFile(path) as plain, VideoFile(path, hardware=devices[0]) as other:
        for one, two in zip(plain, other, strict=True):
            assert one.time == two.time
            assert np.array_equal(one.small(64), two.small(64))


def test_codec_that_no_device_decodes_is_decoded_by_the_processor(tmp_path: Path) -> None:
    kind = next((one for one in ("qsv", "drm", "amf") if one in kinds()), None)
    if kind is None:
        pytest.skip("FFmpeg knows no such kind of device here")
    path = write_video(tmp_path / "clip.mp4", [quarters(320, 256)] * 5)
    with VideoFile(path) as plain, VideoFile(path, hardware=kind) as other:
        assert [one.bgr().tobytes() for one in plain] == [one.bgr().tobytes() for one in other]
