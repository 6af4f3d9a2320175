"""Tests of the picture reader: its size limit, and which files it takes for pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from alive402.liveness.errors import ImageTooLarge
from alive402.liveness.media.images import ImageLimits, is_image, read

JPEG = cv2.imencode(".jpg", np.full((128, 128, 3), 90, np.uint8))[1].tobytes()


def test_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.write(JPEG)
        file.truncate(20_000_000)
    with pytest.raises(ImageTooLarge):
        read(path)
    assert read(path, ImageLimits(max_bytes=30_000_000)).format == "jpeg"


def test_is_image_accepts_picture_files_only(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(JPEG)
    (tmp_path / "b.jpg").write_text("no picture")
    assert [is_image(tmp_path / name) for name in ("a", "b.jpg", "none", ".")] == [True, False, False, False]
