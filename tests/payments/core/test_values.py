"""Tests of the stored result of an authorization."""

from __future__ import annotations

import json

import pytest

from alive402.payments.core.values import bought_by, purchase


def test_purchase_names_its_prepayment() -> None:
    assert bought_by(json.dumps(purchase("pp_1"))) == "pp_1"


@pytest.mark.parametrize("result", [None, "", json.dumps({"data": {"Action": "x"}})])
def test_answer_names_no_prepayment(result: str | None) -> None:
    assert bought_by(result) is None
