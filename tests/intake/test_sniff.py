"""Tests of `sniff`: HEIC and AVIF pictures use the boxes of an MP4 and are not videos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alive402.intake.sniff import container_of
from alive402.liveness import UnsupportedVideo
from tests.intake import heif_files
from tests.intake.films import film

GREY = np.full((96, 96, 3), 90, np.uint8)


@pytest.mark.parametrize("codec", heif_files.BRANDS)
def test_heif_picture_is_not_a_video(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(heif_files.whole(GREY, codec))
    with pytest.raises(UnsupportedVideo, match="picture"):
        container_of(path)


def test_mp4_and_picture_sequence_are_videos(tmp_path: Path) -> None:
    for data in (film("mp4"), heif_files.heif(heif_files.coded(GREY), brand=b"hevc")):
        path = tmp_path / "clip"
        path.write_bytes(data)
        assert container_of(path) == "mp4"
