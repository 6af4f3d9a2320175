"""First bytes: HEIC and AVIF pictures lie in the boxes of an MP4, and are no videos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alive402.intake.sniff import sniff
from alive402.liveness.errors import UnsupportedVideo
from tests.intake import heif_files
from tests.intake.films import film

GREY = np.full((96, 96, 3), 90, np.uint8)


@pytest.mark.parametrize("codec", heif_files.BRANDS)
def test_a_picture_in_the_boxes_of_an_mp4_is_no_video(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(heif_files.whole(GREY, codec))
    with pytest.raises(UnsupportedVideo, match="picture"):
        sniff(path)


def test_a_film_and_a_sequence_of_pictures_are_videos(tmp_path: Path) -> None:
    for data in (film("mp4"), heif_files.heif(heif_files.coded(GREY), brand=b"hevc")):
        path = tmp_path / "clip"
        path.write_bytes(data)
        assert sniff(path) == "mp4"
