"""Tests of the rows of a batch: manifests, folders, and messages for bad ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alive402.batch.rows import BatchRefused, columns_of, read
from alive402.liveness import Challenge


def test_manifest_paths_are_relative_to_the_manifest(tmp_path: Path) -> None:
    manifest = tmp_path / "clips.csv"
    manifest.write_text("subject,PATH\nann,a.mp4\nbob,https://host.example/b.mp4\n")
    rows = read(str(manifest))
    assert [row.location for row in rows] == ["a.mp4", "https://host.example/b.mp4"]
    assert [row.place for row in rows] == [str(tmp_path / "a.mp4"), "https://host.example/b.mp4"]
    assert columns_of(rows) == ["subject"]
    assert rows[0].notes == {"subject": "ann"}


@pytest.mark.parametrize("remote", [False, True])
def test_manifest_names_challenges(tmp_path: Path, remote: bool) -> None:
    asked = Challenge.new("asked", bytes(16))
    (tmp_path / "c.json").write_text(json.dumps(asked.to_dict()))
    (tmp_path / "clips.csv").write_text("path,challenge\na.mp4,c.json\nb.mp4,\n")
    rows = read(f"file://{tmp_path}/clips.csv" if remote else str(tmp_path / "clips.csv"))
    assert [row.challenge for row in rows] == [asked, None]
    assert columns_of(rows) == ["challenge"]


def test_folder_gives_videos_and_pictures_in_order(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.MP4", "deep/a.heic", "notes.txt"):
        (tmp_path / name).touch()
    assert [row.location for row in read(str(tmp_path))] == ["b.MP4", "deep/a.heic"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name\na.mp4\n", "line 1: there is none of the columns path"),
        ("path,verdict\na.mp4,live\n", "line 1: the column verdict"),
        ("path\na.mp4\nb.mp4\na.mp4\n", "line 4: a.mp4 occurs twice"),
        ("path,subject\n,ann\n", "line 2: the column path is empty"),
        ("path\n", "no video or picture"),
        ("path,challenge\na.mp4,\nb.mp4,c.json\n", "line 3, column challenge: c.json is not a challenge: No such file"),
        ("path,challenge\na.mp4,clips.csv\n", "line 2, column challenge: clips.csv is not a challenge"),
        ("path,challenge\na.mp4,https://host.example/c\n", "line 2, column challenge: https://host.example/c"),
    ],
)
def test_bad_manifest_error_names_the_line(tmp_path: Path, text: str, problem: str) -> None:
    manifest = tmp_path / "clips.csv"
    manifest.write_text(text)
    with pytest.raises(BatchRefused, match=problem):
        read(str(manifest))


def test_missing_and_binary_manifests_are_refused(tmp_path: Path) -> None:
    (tmp_path / "clip.csv").write_bytes(b"\xff\xfe\x00")
    for name in ("clip.csv", "none.csv"):
        with pytest.raises(BatchRefused, match=name):
            read(str(tmp_path / name))
