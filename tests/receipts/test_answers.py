"""Tests of whole answers: every value is checked, also those outside of `data`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alive402.catalog import LIVENESS
from alive402.payments.core import Answered
from alive402.receipts.answers import contradiction, verified_answer
from alive402.receipts.verdicts import claims_of, report_id
from alive402.receipts.verification import ALGORITHM, TYPE, VerdictUnverified
from tests.payments.prepaid.signing import keys

SIGNING, SECRET, BASE = keys(), b"s" * 32, "https://live.example/door"
RECEIPT = {"success": True, "network": "eip155:1", "transaction": "0x1", "payer": "0x2", "amount": "200000"}
DATA: dict[str, Any] = {"Action": "Other", "Elements": [{"LiveConfidence": 1.0}], "Liveness": {"verdict": "live"}}


def answer(issuer: str | None = BASE, **changed: Any) -> dict[str, Any]:
    """A stored answer with its verdict, some claims of which are changed."""
    claims = claims_of(Answered("a" * 32, DATA, RECEIPT), issuer, datetime(2026, 1, 1, tzinfo=UTC), (), SECRET)
    kept = {name: value for name, value in {**claims, **changed}.items() if value is not ...}
    jws = jwt.encode(kept, SIGNING.private, algorithm=ALGORITHM, headers={"kid": SIGNING.kid, "typ": TYPE})
    return {
        "requestId": "a" * 32,
        "code": "200",
        "message": "success",
        "content": "",
        "data": {**DATA, "Receipt": jws},
        "reportUrl": f"{BASE}/reports/{report_id(SECRET, 'a' * 32)}",
        "payment": RECEIPT,
    }


def check(body: dict[str, Any] | str, base: str | None = None) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    return verified_answer(text, SIGNING.jwks(), base=base)


def test_whole_answer_and_its_verdict_alone_are_verified() -> None:
    whole = answer()
    assert check(whole) == check(whole["data"]["Receipt"])
    short = {name: whole[name] for name in ("requestId", "data")}
    assert check(short)["requestId"] == "a" * 32


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"verdict": "live", "answer": answer()}),
        json.dumps([answer()]),
        json.dumps({"code": "payment_required", "message": "Pay."}),
        json.dumps({**answer(), "data": DATA}),
        "{" * 200,
    ],
    ids=["buy --json", "list", "402", "unsigned", "deep"],
)
def test_other_json_is_named(text: str) -> None:
    with pytest.raises(VerdictUnverified, match=r"not a whole answer.*buy --out FILE"):
        check(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("requestId", "b" * 32),
        ("requestId", None),
        ("code", "500"),
        ("code", 200),
        ("message", "spoof"),
        ("content", "The person is somebody else."),
        ("verdict", "live"),
        ("reportUrl", None),
        ("reportUrl", f"https://evil.example/reports/{report_id(SECRET, 'a' * 32)}"),
        ("reportUrl", f"{BASE}/reports/{report_id(b't' * 32, 'a' * 32)}"),
        ("reportUrl", f"{BASE}/reports/{report_id(SECRET, 'b' * 32)}"),
        ("reportUrl", f"{BASE}/other/{report_id(SECRET, 'a' * 32)}"),
        ("payment", None),
        ("payment", {**RECEIPT, "amount": "1"}),
        ("payment", {**RECEIPT, "success": False}),
        ("payment", {**RECEIPT, "paymentId": "pay_1"}),
        ("payment", {**RECEIPT, "note": "refunded"}),
        ("data", {**DATA, "More": 1}),
    ],
)
def test_altered_outer_value_is_not_verified(name: str, value: Any) -> None:
    whole = answer()
    if name == "data":
        value = {**value, "Receipt": whole["data"]["Receipt"]}
    with pytest.raises(VerdictUnverified, match=f"`{name}`"):
        check({**whole, name: value})


@given(name=st.text(min_size=1), value=st.none() | st.text() | st.booleans() | st.integers())
def test_no_field_can_be_added_or_replaced(name: str, value: Any) -> None:
    whole = answer()
    if name in whole and whole[name] == value:
        return
    with pytest.raises(VerdictUnverified):
        check({**whole, name: value})


@pytest.mark.parametrize("twice", ['"code": "200", "code": "200"', '"data": {"Liveness": 1, "Liveness": 2}'])
def test_duplicate_key_is_not_verified(twice: str) -> None:
    with pytest.raises(VerdictUnverified, match="twice"):
        check(json.dumps(answer())[:-1] + f", {twice}}}")


def test_duplicate_key_within_the_data_is_not_verified() -> None:
    text = json.dumps(answer()).replace('"verdict": "live"', '"verdict": "spoof", "verdict": "live"')
    with pytest.raises(VerdictUnverified, match="`verdict` twice"):
        check(text)


def test_report_of_a_service_without_a_url_needs_the_url_of_its_keys() -> None:
    unnamed = answer(issuer=None)
    with pytest.raises(VerdictUnverified, match="names no service"):
        check(unnamed)
    assert check(unnamed, base=f"{BASE}/.well-known/jwks.json")["requestId"] == "a" * 32
    assert check({name: value for name, value in unnamed.items() if name != "reportUrl"})


def test_service_that_moved_is_found_by_its_keys() -> None:
    moved = {**answer(issuer="https://old.example")}
    with pytest.raises(VerdictUnverified, match="`reportUrl`"):
        check(moved)
    assert check(moved, base=BASE)


def test_older_verdicts_without_report_and_payment_id_are_verified() -> None:
    older = answer(reportSha256=...)
    assert check(older)
    assert check({**older, "payment": {**RECEIPT, "amount": "20000", "paymentId": "pay_1"}})
    with pytest.raises(VerdictUnverified, match="`reportUrl`"):
        check({**older, "reportUrl": older["reportUrl"] + "0"})


def test_answer_from_before_challenges_is_verified() -> None:
    kept = json.loads((Path(__file__).with_name("answer_before_challenges.json")).read_text())
    claims = verified_answer(json.dumps(kept["answer"]), kept["jwks"], (LIVENESS,))
    assert claims["verdict"] == kept["answer"]["data"]["Liveness"]["verdict"]
    assert "freshness" not in claims


FRESHNESS: dict[str, Any] = {
    "status": "answered",
    "kind": "move",
    "challenge_id": "c" * 43,
    "bits": 10.3,
    "steps": [],
    "nonce": "n" * 22,
    "begun_at": "2026-01-01T00:00:00.000Z",
    "received_at": "2026-01-01T00:00:31.250Z",
    "bind_sha256": None,
    "steps_sha256": "0" * 64,
}


def challenged() -> tuple[dict[str, Any], dict[str, Any]]:
    """An answer to a challenge, and its verified claims."""
    report = {
        "verdict": "live",
        "live_confidence": 0.9,
        "video": {"sha256": "1" * 64},
        "engine": {"version": "1", "weights_sha256": "2" * 64},
        "freshness": FRESHNESS,
    }
    data = LIVENESS.answer([], report)
    claims = claims_of(Answered("a" * 32, data, RECEIPT), BASE, datetime(2026, 1, 1, tzinfo=UTC), (LIVENESS,), SECRET)
    jws = jwt.encode(claims, SIGNING.private, algorithm=ALGORITHM, headers={"kid": SIGNING.kid, "typ": TYPE})
    answer = {"requestId": "a" * 32, "data": {**data, "Receipt": jws}}
    return answer, verified_answer(json.dumps(answer), SIGNING.jwks(), (LIVENESS,))


@pytest.mark.parametrize(
    "field", ["status", "challenge_id", "nonce", "bits", "begun_at", "received_at", "steps_sha256"]
)
def test_answer_to_a_challenge_is_verified_and_no_fact_of_it_can_be_altered(field: str) -> None:
    whole, claims = challenged()
    assert claims["freshness"]["receivedAt"] == FRESHNESS["received_at"]
    altered = json.loads(json.dumps(whole))
    altered["data"]["Liveness"]["freshness"][field] = "other"
    assert contradiction(altered, claims, (LIVENESS,)) == "freshness"
    assert contradiction(altered, claims) == "data"
    del altered["data"]["Liveness"]["freshness"]
    assert contradiction(altered, claims, (LIVENESS,)) == "data"
    assert contradiction(whole, claims, (LIVENESS,)) is None


def test_altered_answer_contradicts_its_digest() -> None:
    whole = answer()
    claims = check(whole)
    assert contradiction(whole, claims) is None
    assert contradiction({**whole, "data": {**DATA, "More": 1}}, claims) == "data"


NO_ANSWERS = ["[" * 100_000, '{"data": ' * 100_000, "", "null", "[]", '{"data": 1}', '{"data": {"Receipt": 1}}']


@pytest.mark.parametrize("text", NO_ANSWERS, ids=range(len(NO_ANSWERS)))
def test_text_that_is_no_answer_is_not_verified(text: str) -> None:
    with pytest.raises(VerdictUnverified):
        check(text)
