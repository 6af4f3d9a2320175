"""Tests of truncated videos: the error says that the file is truncated, not that it is no video."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alive402.liveness.errors import UndecodableVideo, UnusableVideo
from alive402.liveness.media.container import VideoFile
from alive402.liveness.media.truncation import is_truncated
from tests.intake.films import film

MADE = {
    "mp4": film("mp4"),
    "mp4, index first": film("mp4", options={"movflags": "faststart"}),
    "mp4, fragments": film("mp4", options={"movflags": "frag_keyframe+empty_moov"}),
    "mov": film("mov"),
    "3gp": film("3gp"),
    "matroska": film("matroska"),
    "webm": film("webm", "libvpx"),
    "avi": film("avi", "mpeg4"),
    "asf": film("asf", "wmv2"),
}


def frames(path: Path) -> int:
    with VideoFile(path) as file:
        return sum(1 for _ in file)


@pytest.mark.parametrize("kind", ["mp4", "mov", "3gp", "matroska", "webm"])
@pytest.mark.parametrize("kept", [60, 0.05, 0.1])
def test_truncated_video_is_named_so(tmp_path: Path, kind: str, kept: float) -> None:
    path, whole = tmp_path / "video", MADE[kind]
    path.write_bytes(whole[: int(kept if kept > 1 else len(whole) * kept)])
    with pytest.raises(UndecodableVideo, match=r"is truncated.*Send the whole file") as refused:
        frames(path)
    assert refused.value.details == {"truncated": True}


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_mp4_without_its_index_is_named_so(tmp_path: Path, share: float) -> None:
    """Cameras write the index last; the recorder that is stopped hard leaves `mdat` with the size 0."""
    path, whole = tmp_path / "video", MADE["mp4"]
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UndecodableVideo, match="truncated"):
        frames(path)
    pictures = whole.index(b"mdat") - 4
    path.write_bytes(whole[:pictures] + bytes(4) + whole[pictures + 4 : whole.index(b"moov") - 4])
    with pytest.raises(UndecodableVideo, match="truncated"):
        frames(path)


@pytest.mark.parametrize("kind", MADE)
def test_whole_file_is_not_truncated(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "video"
    path.write_bytes(MADE[kind])
    assert not is_truncated(path)
    assert frames(path) == 18


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from(sorted(MADE)), share=st.floats(0.0, 0.999))
def test_any_cut_yields_frames_or_names_itself(
    tmp_path_factory: pytest.TempPathFactory, kind: str, share: float
) -> None:
    path, whole = tmp_path_factory.getbasetemp() / f"cut {kind}", MADE[kind]
    path.write_bytes(whole[: 64 + int((len(whole) - 64) * share)])
    try:
        said = f"{frames(path)} frames"
    except UnusableVideo as error:
        said = error.message
    assert re.match(r"[1-9]\d* frames|The video is truncated", said)
