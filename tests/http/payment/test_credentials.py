"""Tests of reading payment credentials from headers."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI

from alive402.http.core import HeaderTooLarge, Requests
from alive402.http.core.errors import install
from alive402.http.payment.credentials import MAX_SECRET_BYTES, MAX_SIGNATURE_BYTES, Payment

pytestmark = pytest.mark.anyio
app = FastAPI()
install(app)
app.add_middleware(Requests)


@app.get("/")
async def read(payment: Payment) -> dict[str, object]:
    offer = payment.offer
    token = offer.token and [offer.token.token, offer.token.client_secret, offer.token.idempotency_key]
    return {
        "signature": offer.signature,
        "version": payment.version,
        "token": token,
        "key": offer.api_key,
        "repeat": offer.idempotency_key,
        "secret": payment.client_secret,
        "anything": payment.anything,
    }


async def sent(headers: dict[str, str]) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://host.example") as client:
        return await client.get("/", headers=headers)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, {"anything": False, "version": 2}),
        ({"PAYMENT-SIGNATURE": "a"}, {"signature": "a", "version": 2}),
        ({"X-PAYMENT": "b"}, {"signature": "b", "version": 1}),
        ({"X-Payment-Token": "t", "Idempotency-Key": "i"}, {"token": ["t", None, "i"]}),
        ({"X-Payment-Token": "t", "X-Client-Secret": "s"}, {"token": ["t", "s", None], "secret": "s"}),
        ({"Authorization": "Bearer k"}, {"key": "k"}),
        ({"Authorization": "bearer k", "X-Api-Key": "own"}, {"key": "own"}),
        ({"Authorization": "Basic k"}, {"key": None, "anything": False}),
        ({"X-Client-Secret": "s"}, {"token": None, "secret": "s", "anything": False}),
    ],
)
async def test_headers_are_read_into_an_offer(headers: dict[str, str], expected: dict[str, object]) -> None:
    read = (await sent(headers)).json()
    assert read == {**read, **expected}


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("PAYMENT-SIGNATURE", MAX_SIGNATURE_BYTES),
        ("X-PAYMENT", MAX_SIGNATURE_BYTES),
        ("X-Payment-Token", MAX_SECRET_BYTES),
        ("X-Client-Secret", MAX_SECRET_BYTES),
        ("Idempotency-Key", MAX_SECRET_BYTES),
        ("X-Api-Key", MAX_SECRET_BYTES),
    ],
)
async def test_header_over_the_limit_is_refused(name: str, most: int) -> None:
    assert (await sent({name: "x" * most})).status_code == 200
    refused = await sent({name: "x" * (most + 1)})
    assert (refused.status_code, refused.json()["code"]) == (HeaderTooLarge.status, HeaderTooLarge.code)


async def test_payment_in_both_versions_is_refused() -> None:
    refused = await sent({"PAYMENT-SIGNATURE": "a", "X-PAYMENT": "b"})
    assert (refused.status_code, refused.json()["code"]) == (400, "header_repeated")
