"""One paid call (check, reserve, answer, store, settle); jobs, admission and rate limits."""

from __future__ import annotations

from alive402.calls import errors
from alive402.calls.admission import Admission
from alive402.calls.call_log import WORKED_ON, CallKind, CallLog, LoggedCall
from alive402.calls.errors import LOST_DATABASE, InternalError, LedgerUnavailable, classify
from alive402.calls.paid_call import PaidCalls, ServiceRegistry
from alive402.calls.rate_limits import CallRate, FreeFailures, Guesses, NewPayments
from alive402.calls.rendering import answer_body, error_body, report_link, stored_answer_body
from alive402.calls.values import LedgerServices, Outcome

__all__ = [
    "LOST_DATABASE",
    "WORKED_ON",
    "Admission",
    "CallKind",
    "CallLog",
    "CallRate",
    "FreeFailures",
    "Guesses",
    "InternalError",
    "LedgerServices",
    "LedgerUnavailable",
    "LoggedCall",
    "NewPayments",
    "Outcome",
    "PaidCalls",
    "ServiceRegistry",
    "answer_body",
    "classify",
    "error_body",
    "errors",
    "report_link",
    "stored_answer_body",
]
