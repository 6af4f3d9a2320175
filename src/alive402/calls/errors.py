"""The one classifier of errors for every API: HTTP, MCP, RPC and jobs.

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

# Out of reach, cut off, or more callers than connections: for a buyer all the same.
LOST_DATABASE = (OperationalError, InterfaceError, PoolTimeout)


class LedgerUnavailable(CodedError):
    """The database is out of reach, so that nobody knows whether money moved."""

    code = "ledger_unavailable"
    status = 503
    charged = None
    retry_after = 5
    default = "The ledger cannot be reached. Send the same request again; do not sign again."


class InternalError(CodedError):
    """A fault of the service. The answer gives a request id, under which the operator finds the error in the log."""

    code = "internal_error"
    status = 500
    charged = None
    default = "The service failed. Send the same request again, without signing again, or report the id."


def classify(error: Exception, request_id: str) -> CodedError:
    """The refusal for any error, the same at every door: code, status, sentence, and what it costs.

    An error that is not one of ours becomes `LedgerUnavailable` or `InternalError`, and is logged for the operator.
    """
    if isinstance(error, CodedError):
        return error
    if isinstance(error, LOST_DATABASE):
        log.error("database unavailable", request_id=request_id, error=type(error).__name__)
        return LedgerUnavailable()
    log.error("unexpected", request_id=request_id, exc_info=error)
    return InternalError()
