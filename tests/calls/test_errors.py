"""Tests of the error classifier."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from alive402.calls.errors import InternalError, LedgerUnavailable, classify
from alive402.liveness import NoFace


def test_coded_error_is_kept() -> None:
    error = NoFace()
    assert classify(error, "request") is error


@pytest.mark.parametrize(
    "error", [OperationalError("", None, Exception()), InterfaceError("", None, Exception()), PoolTimeout()]
)
def test_lost_database_is_ledger_unavailable(error: Exception) -> None:
    assert isinstance(classify(error, "request"), LedgerUnavailable)


def test_any_other_error_is_internal_and_hides_its_message() -> None:
    found = classify(KeyError("secret"), "request")
    assert isinstance(found, InternalError)
    assert "secret" not in f"{found.to_dict()}"
