"""Configures the log: one line an event on standard error; standard output is for answers."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog


def configure_log() -> None:
    """Configure the log: plain text at a terminal, JSON everywhere else; lines of other packages have the same form."""
    terminal = sys.stderr.isatty()
    # No local variables in tracebacks: they hold callers' URLs.
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    every: list[Any] = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso")]
    rendering = [plain] if terminal else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    structlog.configure(
        processors=[*every, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=_to_standard_error,
    )
    handler = _StandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *every],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.captureWarnings(True)


class _StandardError(logging.Handler):
    """Writes the lines of other packages to the current standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            print(self.format(record), file=sys.stderr, flush=True)
        except Exception:
            self.handleError(record)


def _to_standard_error(*_names: Any) -> structlog.PrintLogger:
    """A logger on the current standard error, which may differ from that at configuration."""
    return structlog.PrintLogger(sys.stderr)
