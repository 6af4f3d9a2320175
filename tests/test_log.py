"""Tests of the log: it stays off standard output, which carries JSON or MCP messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import redirect_stderr
from io import StringIO

import pytest
import structlog

from alive402.log import configure_log


@pytest.fixture
def configured() -> Iterator[None]:
    before = structlog.get_config()
    configure_log()
    yield
    structlog.configure(**before)


def test_log_is_written_to_standard_error_only(configured: None, capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("somewhere").warning("the disk is full", request_id="r1")
    said = capsys.readouterr()
    assert said.out == ""
    assert '"request_id": "r1"' in said.err


def test_log_follows_a_replaced_standard_error(configured: None) -> None:
    with redirect_stderr(StringIO()) as elsewhere:
        structlog.get_logger().info("moved")
    assert "moved" in elsewhere.getvalue()
