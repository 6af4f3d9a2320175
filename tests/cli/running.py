"""Runs the command line, in this process or in a new one."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

from alive402.cli.main import main

COMMAND = Path(sys.executable).with_name("alive402")
Done = subprocess.CompletedProcess[str]


def run(*words: str | Path, folder: Path | None = None, **environment: str) -> Done:
    """Run `alive402 WORDS...` in this process: a start of Python with the engine or the server takes seconds."""
    line = ["alive402", *map(str, words)]
    with (
        mock.patch.object(sys, "argv", line),
        mock.patch.dict(os.environ, environment),
        contextlib.chdir(folder or Path.cwd()),
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as said,
        pytest.raises(SystemExit) as exited,
    ):
        main()
    code = exited.value.code
    return subprocess.CompletedProcess(line, code if isinstance(code, int) else 0, out.getvalue(), said.getvalue())


def start(*words: str | Path) -> Done:
    """Run `alive402 WORDS...` in a process of its own."""
    return subprocess.run([COMMAND, *words], capture_output=True, text=True, timeout=120, check=False)
