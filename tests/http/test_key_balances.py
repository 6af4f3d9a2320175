"""Tests of prepaid keys over HTTP: credited by a payment, used on either API, and refused credits."""

from __future__ import annotations

import json
import sqlite3

import httpx
import pytest

from alive402.demo import TOOL_PATH, Buyer
from tests.http.access_keys import V3, balance, command, credited, detect, made, sdk
from tests.http.conftest import Service
from tests.http.prepaying import SERVICE

pytestmark = pytest.mark.anyio


async def ask(service: Service, calls: int) -> str:
    """Create a payment; returns its payment URL."""
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{service.url}/api/payments", json={"serviceId": SERVICE, "maxCalls": calls})
    return str(answer.json()["payUrl"])


async def test_payment_credits_a_key_once(service: Service, videos: str) -> None:
    key, other = made(service, "--prepaid"), made(service, "--prepaid")
    asset = service.parts.terms.asset
    where = await ask(service, 3)
    async with Buyer(service.url) as buyer, httpx.AsyncClient(timeout=60) as http:
        await buyer.fund()
        before = await buyer.balance(asset)
        paid = await buyer.buy({"accessKeyId": key["accessKeyId"]}, where.removeprefix(service.url))
        assert paid.status_code == 200, paid.text
        assert (paid.json()["status"], paid.json()["remainingCalls"], paid.json()["token"]) == ("paid", 3, None)
        price = before - await buyer.balance(asset)
        assert price == 3 * service.parts.terms.amount
        signed = {"PAYMENT-SIGNATURE": buyer.signature}
        for body in ({"accessKeyId": key["accessKeyId"]}, {"accessKeyId": key["accessKeyId"], "newToken": True}):
            again = await http.post(where, json=body, headers=signed)
            assert (again.status_code, again.json()["token"]) == (200, None)
        for body in ({"accessKeyId": other["accessKeyId"]}, {}):
            taken = await http.post(where, json=body, headers=signed)
            assert (taken.status_code, taken.json()["code"]) == (409, "payment_spent")
        assert before - await buyer.balance(asset) == price
    assert (balance(service, key), balance(service, other)) == (3, 0)
    detect(sdk(service, key, V3), f"{videos}/face.mp4")
    async with httpx.AsyncClient(timeout=60) as http:
        asked = {"VideoUrl": f"{videos}/attack.mp4"}
        answer = await http.post(service.url + TOOL_PATH, json=asked, headers={"X-Api-Key": key["key"]})
    assert answer.status_code == 200
    assert balance(service, key) == 1


async def test_invalid_credit_is_refused_before_payment(service: Service) -> None:
    free, prepaid = made(service), made(service, "--prepaid")
    assert command(service, "revoke", prepaid["id"]).exit_code == 0
    where = await ask(service, 2)
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        before = await buyer.balance(service.parts.terms.asset)
        for named in (free["accessKeyId"], prepaid["accessKeyId"], "AK" + "0" * 20, free["id"]):
            refused = await buyer.buy({"accessKeyId": named}, where.removeprefix(service.url))
            assert (refused.status_code, refused.json()["code"]) == (404, "access_key_unknown")
        assert await buyer.balance(service.parts.terms.asset) == before


async def test_idempotency_key_repeats_the_answer_free(service: Service, videos: str) -> None:
    key = made(service, "--prepaid")
    credited(service, key, 2)
    headers = {"X-Api-Key": key["key"], "Idempotency-Key": "order 7"}
    async with httpx.AsyncClient(timeout=60) as http:
        asked = {"VideoUrl": f"{videos}/face.mp4"}
        first = await http.post(service.url + TOOL_PATH, json=asked, headers=headers)
        again = await http.post(service.url + TOOL_PATH, json=asked, headers=headers)
        assert first.json() == again.json()
        other = await http.post(service.url + TOOL_PATH, json={"VideoUrl": f"{videos}/attack.mp4"}, headers=headers)
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert balance(service, key) == 1


def test_command_line_credits_prepaid_keys_only(service: Service) -> None:
    free, prepaid = made(service), made(service, "--prepaid")
    fill = ("--calls", "5", "--service", SERVICE)
    assert command(service, "credit", free["id"], *fill).exit_code == 1
    assert command(service, "credit", "key_none", *fill).exit_code == 1
    assert command(service, "credit", prepaid["id"], "--calls", "5", "--service", "nothing").exit_code == 64
    assert command(service, "credit", prepaid["id"], "--calls", "0", "--service", SERVICE).exit_code == 2
    given = json.loads(command(service, "credit", prepaid["id"], *fill, "--json").stdout)
    with sqlite3.connect(service.database) as books:
        row = books.execute("SELECT amount, client_id FROM prepayments WHERE id = ?", (given["paymentId"],)).fetchone()
    assert row == (0, "granted")
    assert f"5 {SERVICE}" in command(service, "list").stdout
    assert command(service, "revoke", prepaid["id"]).exit_code == 0
    assert command(service, "credit", prepaid["id"], *fill).exit_code == 1


def test_secret_is_printed_once_and_stored_nowhere(service: Service) -> None:
    result = command(service, "create", "--name", "x", "--scope", "call", "--access-key")
    named = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    secret = named["AccessKeySecret"].strip()
    with sqlite3.connect(service.database) as connection:
        kept = "\n".join(connection.iterdump())
    assert named["AccessKeyId"].strip() in kept
    assert secret not in kept
    assert secret not in command(service, "list", "--json").output
    assert service.database.with_suffix(".secrets.key").stat().st_mode & 0o777 == 0o600
