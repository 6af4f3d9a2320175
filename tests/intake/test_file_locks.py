"""Tests of file locks between processes, private files and links."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from alive402.intake.file_locks import held, is_free, link, locked, write

HOLD = "import sys; from pathlib import Path; from alive402.intake.file_locks import held; "
HOLD += "held(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"


def test_lock_is_free_again_when_its_process_dies(tmp_path: Path) -> None:
    path = tmp_path / "mark"
    assert not is_free(path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert not is_free(path)
        process.kill()
        process.wait()
    assert is_free(path)


def test_lock_is_held_for_the_block(tmp_path: Path) -> None:
    with locked(tmp_path):
        assert not is_free(tmp_path / "lock")
    assert is_free(tmp_path / "lock")
    os.close(held(tmp_path / "lock"))
    assert is_free(tmp_path / "lock")


def test_written_file_is_private(tmp_path: Path) -> None:
    write(tmp_path / "secret", b"bytes")
    write(tmp_path / "secret", b"new")
    assert (tmp_path / "secret").read_bytes() == b"new"
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_link_gives_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "video").write_bytes(b"bytes")
    link(tmp_path / "video", tmp_path / "lent")
    assert (tmp_path / "lent").read_bytes() == b"bytes"
    # The name is taken, so the bytes are copied.
    (tmp_path / "other").write_bytes(b"other")
    link(tmp_path / "other", tmp_path / "lent")
    assert (tmp_path / "lent").read_bytes() == b"other"
    with pytest.raises(FileNotFoundError):
        link(tmp_path / "none", tmp_path / "new")
