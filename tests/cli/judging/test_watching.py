"""Tests of watching a folder: what arrives is judged once it is whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alive402.cli.judging import arriving, watching


def test_file_is_yielded_when_it_no_longer_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "old.mp4").write_text("was there before")
    looks: list[int] = []

    def next_look(_seconds: float) -> None:
        looks.append(len(looks))
        match len(looks):
            case 1:
                (tmp_path / "new.mp4").write_text("half")
                (tmp_path / "notes.txt").write_text("no video")
            case 2:
                (tmp_path / "new.mp4").write_text("half and half")
            case 5:
                (tmp_path / "deep").mkdir()
                (tmp_path / "deep" / "more.jpg").write_text("a picture")
            case 8:
                os.utime(tmp_path / "old.mp4", (1, 1))

    monkeypatch.setattr(watching.time, "sleep", next_look)
    found = arriving(tmp_path)
    assert [next(found).name for _ in range(3)] == ["new.mp4", "more.jpg", "old.mp4"]
    assert len(looks) == 9
