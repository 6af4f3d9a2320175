"""Recorded files: compares a surface with its file, or writes the file."""

from __future__ import annotations

import difflib
import json
import os
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("recorded")
RECORD = "WIRE_RECORD"
"""Environment variable under which the tests write the files; `python -m tests.wire.record` sets it."""
MOST_LINES = 120


def check(name: str, found: Any) -> None:
    """Compare `found` with `recorded/<name>.json`.

    Raises:
        AssertionError: they differ; its text is the difference, line by line.
    """
    __tracebackhide__ = True
    file = FOLDER / f"{name}.json"
    now = json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    if os.environ.get(RECORD):
        file.write_text(now)
        return
    before = file.read_text()
    if before != now:
        lines = list(difflib.unified_diff(before.splitlines(), now.splitlines(), "recorded", "now", n=4, lineterm=""))
        left_out = [f"... {len(lines) - MOST_LINES} more lines"] if len(lines) > MOST_LINES else []
        hint = "If the change is meant: python -m tests.wire.record"
        raise AssertionError("\n".join([f"The wire of `{name}` differs. {hint}", *lines[:MOST_LINES], *left_out]))
