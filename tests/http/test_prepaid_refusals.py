"""Tests of the refusals of a prepaid payment and its token: each has its code and is free."""

from __future__ import annotations

import sqlite3

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alive402.demo import TOOL_PATH, Buyer
from tests.http.conftest import Service, Start
from tests.http.prepaying import SECRET, SERVICE, balance, paid, shown

pytestmark = pytest.mark.anyio


async def test_client_token_requires_its_secret(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        told = await paid(buyer, 1, clientSecret=SECRET)
        assert SECRET not in str(told)
        for wrong in ({}, {"X_Client_Secret": "some other secret"}):
            refused = await buyer.spend(f"{videos}/face.mp4", told["token"], **wrong)
            assert (refused.status_code, refused.json()["code"]) == (402, "token_mismatch")
            assert refused.json()["details"]["reason"] == "client"
        assert (await buyer.spend(f"{videos}/face.mp4", told["token"], X_Client_Secret=SECRET)).status_code == 200
        headers = {"PAYMENT-SIGNATURE": buyer.signature}
        stolen = await buyer._plain.post(told["payUrl"], headers=headers, json={"newToken": True})
        assert (stolen.status_code, stolen.json()["code"]) == (402, "token_mismatch")


async def test_unpaid_and_unknown_tokens_are_refused(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        made = await buyer._plain.post(f"{service.url}/api/payments", json={"serviceId": SERVICE})
        pending = await buyer.spend(f"{videos}/face.mp4", made.json()["token"])
        named = await buyer.spend(f"{videos}/face.mp4", made.json()["paymentId"])
        unknown = await buyer.spend(f"{videos}/face.mp4", "pt_nonsense")
    for refused in (pending, named):
        assert (refused.status_code, refused.json()["code"]) == (402, "token_pending")
        payment = refused.json()["payment"]
        assert (payment["status"], payment["payUrl"]) == ("pending", made.json()["payUrl"])
        assert (payment["token"], refused.json()["accepts"][0]["maxAmountRequired"]) == (None, "200000")
    assert pending.json()["message"].startswith("The payment of this token is not paid yet.")
    assert named.json()["message"].startswith("This is the id of a payment, not its token")
    assert (unknown.status_code, unknown.json()["code"]) == (402, "token_unknown")
    assert unknown.json()["payment"]["paymentId"] is None
    assert unknown.headers["PAYMENT-REQUIRED"]


async def test_expired_and_exhausted_tokens_have_codes(start: Start, videos: str) -> None:
    brief = start(pending_seconds=0.001, token_days=1e-9)
    async with Buyer(brief.url) as buyer:
        await buyer.fund()
        made = (await buyer._plain.post(f"{brief.url}/api/payments", json={"serviceId": SERVICE})).json()
        late = await buyer._paying.post(made["payUrl"])
        assert (late.status_code, late.json()["code"]) == (410, "payment_expired")
        assert (await shown(brief, made["paymentId"]))["status"] == "expired"
        assert await balance(buyer, brief) == 5_000_000
    lasting = start(database_url=f"sqlite+aiosqlite:///{brief.database}", token_days=1e-9)
    async with Buyer(lasting.url) as buyer:
        told = await paid(buyer, 1)
        expired = await buyer.spend(f"{videos}/face.mp4", told["token"])
    assert (expired.status_code, expired.json()["code"]) == (402, "token_expired")
    assert expired.json()["payment"]["status"] == "expired"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid_input"),
        ({"serviceId": 7}, 400, "invalid_input"),
        ({"serviceId": SERVICE, "maxCalls": 0}, 400, "invalid_input"),
        ({"serviceId": SERVICE, "maxCalls": 100_000}, 400, "invalid_input"),
        ({"serviceId": SERVICE, "clientSecret": "short"}, 400, "invalid_input"),
        ({"serviceId": SERVICE, "providerId": "another"}, 400, "invalid_input"),
        ({"serviceId": "something-else"}, 404, "unknown_service"),
    ],
)
async def test_invalid_prepaid_request_is_refused(
    service: Service, body: dict[str, object], status: int, code: str
) -> None:
    async with httpx.AsyncClient() as http:
        refused = await http.post(f"{service.url}/api/payments", json=body)
        missing = [await http.get(f"{service.url}/api/payments/{each}") for each in ("none", "0" * 32, "%00", "%ff")]
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert {(each.status_code, each.json()["code"]) for each in missing} == {(404, "no_such_payment")}


async def test_unpaid_requests_are_limited_and_deleted(start: Start) -> None:
    strict = start(new_payments_per_address="2/hour", pending_seconds=0.001)
    async with httpx.AsyncClient() as http:
        made = [await http.post(f"{strict.url}/api/payments", json={"serviceId": SERVICE}) for _ in range(3)]
        assert [each.status_code for each in made] == [201, 201, 429]
        assert made[2].json()["code"] == "too_many_payments"
        assert int(made[2].headers["Retry-After"]) > 0
        first, second = (each.json()["paymentId"] for each in made[:2])
        with sqlite3.connect(strict.database) as connection:
            connection.execute("UPDATE prepayments SET expires_at = '2020-01-01 00:00:00.000000' WHERE id = ?", [first])
        again = start(database_url=f"sqlite+aiosqlite:///{strict.database}")
        assert (await http.post(f"{again.url}/api/payments", json={"serviceId": SERVICE})).status_code == 201
        assert (await http.get(f"{again.url}/api/payments/{first}")).status_code == 404
    assert (await shown(again, second))["status"] == "expired"


async def test_refunded_token_keeps_its_answers_only(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        told = await paid(buyer, 2)
        bought = await buyer.spend(f"{videos}/face.mp4", told["token"], Idempotency_Key="one")
        # `alive402 ledger refund` writes this, once the chain shows the money going back.
        with sqlite3.connect(service.database) as connection:
            connection.execute(
                "UPDATE payments SET state = 'refunded' WHERE id = (SELECT ledger_id FROM prepayments WHERE id = ?)",
                [told["paymentId"]],
            )
        refused = await buyer.spend(f"{videos}/attack.mp4", told["token"])
        assert (refused.status_code, refused.json()["code"]) == (402, "token_refunded")
        assert refused.json()["payment"]["status"] == "refunded"
        again = await buyer.spend(f"{videos}/face.mp4", told["token"], Idempotency_Key="one")
        assert (again.status_code, again.text) == (200, bought.text)
        headers = {"PAYMENT-SIGNATURE": buyer.signature}
        renewed = await buyer._plain.post(told["payUrl"], headers=headers, json={"newToken": True})
        assert (renewed.status_code, renewed.json()["token"], renewed.json()["status"]) == (200, None, "refunded")


@settings(suppress_health_check=list(HealthCheck))
@given(
    headers=st.dictionaries(
        st.sampled_from(["X-Payment-Token", "X-Client-Secret", "Idempotency-Key", "X-Api-Key", "Authorization"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=140).map(
            str.strip
        ),
    ),
    paying=st.booleans(),
)
def test_any_header_gets_a_client_error(service: Service, headers: dict[str, str], paying: bool) -> None:
    url = f"{service.url}/api/payments/{'0' * 32}/pay" if paying else service.url + TOOL_PATH
    sent = {name: value.encode("latin-1") for name, value in headers.items()}
    with httpx.Client() as http:
        response = http.post(url, json={} if paying else {"VideoUrl": "http://example.com/v.mp4"}, headers=sent)
    assert response.status_code in {401, 402, 404, 431}, response.text
    assert response.json()["charged"] is False
