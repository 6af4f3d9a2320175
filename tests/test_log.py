"""The log stays off standard output: a pipe of JSON, or an MCP client over stdio, would take it for an answer."""

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


def test_it_speaks_on_standard_error_alone(configured: None, capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("somewhere").warning("the disk is full", request_id="r1")
    said = capsys.readouterr()
    assert said.out == ""
    assert '"request_id": "r1"' in said.err


def test_it_follows_standard_error_when_that_is_another_one(configured: None) -> None:
    with redirect_stderr(StringIO()) as elsewhere:
        structlog.get_logger().info("moved")
    assert "moved" in elsewhere.getvalue()
