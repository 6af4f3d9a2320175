"""Tests of the log: it stays off standard output, which carries JSON or MCP messages."""

from __future__ import annotations

import json
import subprocess
import sys
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


def test_lines_of_other_packages_are_structured() -> None:
    script = """
import logging, warnings
import structlog
from alive402.log import configure_log
configure_log()
logging.getLogger("uvicorn.error").info("Shutting down")
logging.getLogger("uvicorn.error").warning("Invalid HTTP request %s", "received.")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("asyncio").exception("Task exception was never retrieved")
warnings.warn("this will go away", DeprecationWarning, stacklevel=1)
structlog.get_logger().info("ours")
"""
    command = [sys.executable, "-W", "always", "-c", script]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    lines = [json.loads(line) for line in said.splitlines()]
    invalid, failed, warned, ours = lines
    assert (invalid["event"], invalid["level"]) == ("Invalid HTTP request received.", "warning")
    assert invalid["logger"] == "uvicorn.error"
    assert "ZeroDivisionError" in failed["exception"]
    assert "this will go away" in warned["event"]
    assert ours["event"] == "ours"
    assert all(line["timestamp"] for line in lines)
