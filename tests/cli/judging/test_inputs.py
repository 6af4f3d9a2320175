"""Tests of the inputs of `alive402 analyze`: what each name stands for, and what a wrong one says to do."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from alive402.cli.judging import Input, InputRefused, expanded, fetched


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with files in it and in a folder of it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    for name in ("a.mp4", "b.JPG", "notes.txt", "in/c.mov", "in/deep/d.webm"):
        (tmp_path / name).write_text(name)
    return tmp_path


def piped(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["a.mp4"], ["a.mp4"]),
        (["in"], ["in/c.mov", "in/deep/d.webm"]),
        (["."], ["a.mp4", "b.JPG", "in/c.mov", "in/deep/d.webm"]),
        (["*.*"], ["a.mp4", "b.JPG", "notes.txt"]),
        (["**/*.webm", "notes.txt"], ["in/deep/d.webm", "notes.txt"]),
        (["http://a.example/x.mp4"], ["http://a.example/x.mp4"]),
    ],
)
def test_folders_and_patterns_are_their_files(folder: Path, names: list[str], found: list[str]) -> None:
    assert expanded(names) == [Input(name) for name in found]


def test_file_url_is_a_path(folder: Path) -> None:
    assert expanded([(folder / "a.mp4").as_uri()]) == [Input(str(folder / "a.mp4"))]


@pytest.mark.parametrize(
    ("name", "code", "advice"),
    [
        ("rtsp://cam/1", "input_refused", "ffmpeg -i 'rtsp://cam/1' -t 6"),
        ("s3://bucket/x.mp4", "input_refused", "alive402 batch s3://bucket/x.mp4"),
        ("ftp://host/x.mp4", "input_refused", "http or https"),
        ("empty", "input_refused", "no video and no picture in this folder"),
        ("*.avi", "file_not_found", "pattern"),
        ("nowhere.mp4", "file_not_found", "There is no such file"),
        ("example.org/x.mp4", "file_not_found", "https://example.org/x.mp4"),
        ("localhost:8000/x.mp4", "file_not_found", "https://localhost:8000/x.mp4"),
    ],
)
def test_wrong_input_says_what_to_do(folder: Path, name: str, code: str, advice: str) -> None:
    (one,) = expanded([name])
    assert one.name == name
    with pytest.raises(InputRefused, match=r"\w") as refused, fetched(one, private=False):
        pass
    assert refused.value.code == code
    assert advice in refused.value.message


def test_standard_input_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    piped(monkeypatch, b"a video")
    first, second = expanded(["-", "-"])
    with fetched(first, private=False) as path:
        assert path.read_bytes() == b"a video"
    assert not path.exists()
    assert second.refused is not None


def test_empty_standard_input_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    piped(monkeypatch, b"")
    with pytest.raises(InputRefused, match="Standard input is empty"), fetched(Input("-"), private=False):
        pass
