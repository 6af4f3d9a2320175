"""Tests of every coded error: one code has one class and one status, and a message that ends."""

from __future__ import annotations

import re

import pytest

from alive402.calls import errors as calls
from alive402.calls.jobs import errors as jobs
from alive402.challenges import errors as challenges
from alive402.errors import CodedError
from alive402.intake import errors as intake
from alive402.liveness import errors as liveness
from alive402.payments.core import errors as payments

KINDS = sorted(
    {
        kind
        for module in (calls, challenges, intake, jobs, liveness, payments)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, CodedError) and "code" in vars(kind)
    },
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_error_has_a_code_a_status_and_a_sentence(kind: type[CodedError]) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", kind.code)
    assert 400 <= kind.status < 600
    assert kind.default.endswith(".")


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in KINDS if kind is not CodedError]
    assert sorted(codes) == sorted(set(codes))


def test_message_and_details_are_in_the_json() -> None:
    error = CodedError("It failed.", place=3)
    assert error.to_dict() == {"code": "internal_error", "message": "It failed.", "details": {"place": 3}}
    assert str(CodedError()) == CodedError.default
