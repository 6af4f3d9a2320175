"""Tests of temporary folders: deleted after use, and swept only when nobody uses them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from alive402.intake.errors import MediaFull
from alive402.intake.folders import CALL, WORKER, marked, media_folder, sweep_media_folders


def test_folder_is_deleted_after_the_block_even_on_errors(tmp_path: Path) -> None:
    def fail() -> None:
        with media_folder(tmp_path / "new") as folder:
            (folder / "video").write_bytes(b"bytes")
            assert folder.parent == tmp_path / "new"
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list((tmp_path / "new").iterdir()) == []


def test_full_disk_has_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(MediaFull), media_folder(tmp_path):
        Path("/dev/full").write_bytes(b"bytes")
    with pytest.raises(IsADirectoryError), media_folder(tmp_path) as folder:
        folder.write_bytes(b"bytes")
    assert list(tmp_path.iterdir()) == []


def test_folder_in_use_is_not_swept(tmp_path: Path) -> None:
    with media_folder(tmp_path) as folder:
        assert sweep_media_folders(tmp_path, time.time() + 60) == 0
        assert folder.is_dir()


def test_only_old_unmarked_folders_of_ours_are_swept(tmp_path: Path) -> None:
    old = [f"{CALL}abcdefg1", f"{WORKER}abcdefg2"]
    kept = [f"{CALL}new_one8", f"{CALL}ABC", "alive402-other-abcdefgh", f"{WORKER}in_use_9"]
    for name in old + kept:
        (tmp_path / name).mkdir()
        (tmp_path / name / "video").touch()
    for name in (*old, "alive402-other-abcdefgh", f"{CALL}ABC", f"{WORKER}in_use_9"):
        os.utime(tmp_path / name, (1, 1))
    mark = marked(str(tmp_path / f"{WORKER}in_use_9"))
    assert sweep_media_folders(tmp_path, time.time() - 60) == 2
    os.close(mark)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_link_to_a_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / f"{CALL}abcdefgh").symlink_to(tmp_path / "precious")
    assert sweep_media_folders(tmp_path, time.time() + 60) == 0
    assert (tmp_path / "precious").is_dir()


def test_missing_parent_has_nothing_to_sweep(tmp_path: Path) -> None:
    assert sweep_media_folders(tmp_path / "none", time.time()) == 0
