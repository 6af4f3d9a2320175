"""Tests of the number of files that a paid HTTP call passes."""

from __future__ import annotations

from pathlib import Path

from tests.walk import walked

MOST_FILES = 45


def test_paid_call_passes_few_files(tmp_path: Path) -> None:
    files = walked(tmp_path)
    assert {"http/routes/tools.py", "calls/paid_call.py", "payments/x402/method.py", "providers/local.py"} <= {*files}
    assert len(files) <= MOST_FILES, "\n".join(files)
