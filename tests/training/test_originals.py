"""Tests of the split: no person and no near-duplicate picture is on both sides."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
from training.originals import gather

from tests.conftest import Image, write_video


def test_people_and_duplicates_are_in_one_split(person: list[Image], tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    rows = []
    for number in range(24):
        shown = cv2.resize(person[5 * (number % 8)], (352, 288))
        shown = shown if number < 8 else cv2.convertScaleAbs(shown, alpha=0.97)
        file = f"p{number}.png"
        cv2.imwrite(str(data / file), shown)
        rows.append([file, "bonafide_image", "made", f"person-{number % 12}"])
    write_video(data / "clip.mp4", [cv2.resize(frame, (352, 288)) for frame in person[:60]])
    rows.append(["clip.mp4", "bonafide_video", "film", "film-a"])
    cv2.imwrite(str(data / "apart.png"), cv2.resize(person[90], (352, 288))[:, ::-1])
    rows.append(["apart.png", "bonafide_image", "made", "person-7"])  # of the tenth that is held out
    cv2.imwrite(str(data / "thing.png"), np.random.default_rng(1).integers(0, 255, (200, 300, 3), np.uint8))
    rows.append(["thing.png", "direct_photo", "things", ""])
    with (data / "manifest.csv").open("w", newline="") as file_:
        csv.writer(file_).writerows([["file", "kind", "source", "subject"], *rows])

    found = gather([data], tmp_path / "work")
    again = gather([data], tmp_path / "work")

    assert found == again, "the second call reads what the first wrote"
    sides = {(one.group, one.held_out) for one in found}
    assert len({group for group, _ in sides}) == len(sides)
    assert any(one.kind == "direct_photo" and one.box is None for one in found)
    assert sum(one.source == "film" for one in found) >= 8
    assert [one.file.stem for one in found if one.held_out] == ["data-apart-0"], "its twins in training were left out"
    marks = {side: [_small(one.read()) for one in found if one.held_out is side] for side in (True, False)}
    assert all(np.abs(held - trained).mean() > 1 for held in marks[True] for trained in marks[False])


def _small(image: Image) -> np.ndarray:
    return cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (9, 8), interpolation=cv2.INTER_AREA).astype(float)
