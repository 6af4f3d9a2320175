"""The error classifier of every API: HTTP, MCP, RPC and jobs.

CodedError
 ├── LedgerUnavailable   503   ledger_unavailable   the database does not answer; send the same request again
 └── InternalError       500   internal_error       a fault of the service; the log has it under the request id
"""

from __future__ import annotations

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from alive402.errors import CodedError

log = structlog.get_logger(__name__)

# Unreachable, disconnected, or out of connections: all the same to a buyer.
LOST_DATABASE = (OperationalError, InterfaceError, PoolTimeout)


class LedgerUnavailable(CodedError):
    """The database is unreachable, so it is unknown whether money moved."""

    code = "ledger_unavailable"
    status = 503
    charged = None
    retry_after = 5
    default = "The ledger cannot be reached. Send the same request again; do not sign again."


class InternalError(CodedError):
    """A fault of the service. The answer has a request id; the operator finds the error in the log by it."""

    code = "internal_error"
    status = 500
    charged = None
    default = "The service failed. Send the same request again, without signing again, or report the id."


def classify(error: Exception, request_id: str) -> CodedError:
    """Turn any exception into the error that every API reports: code, status, sentence, and whether it was charged.

    A foreign exception becomes `LedgerUnavailable` or `InternalError`, and is logged for the operator.
    """
    if isinstance(error, CodedError):
        return error
    if isinstance(error, LOST_DATABASE):
        log.error("database unavailable", request_id=request_id, error=type(error).__name__)
        return LedgerUnavailable()
    log.error("unexpected", request_id=request_id, exc_info=error)
    return InternalError()
