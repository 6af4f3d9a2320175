"""Configures the log: one line an event on standard error; standard output is for answers."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog


def configure_log() -> None:
    """Configure the log: plain text at a terminal, JSON everywhere else."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    terminal = sys.stderr.isatty()
    # No local variables in tracebacks: they hold callers' URLs.
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            *([] if terminal else [structlog.processors.format_exc_info]),
            plain if terminal else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=_to_standard_error,
    )


def _to_standard_error(*_names: Any) -> structlog.PrintLogger:
    """A logger on the current standard error, which may differ from that at configuration."""
    return structlog.PrintLogger(sys.stderr)
