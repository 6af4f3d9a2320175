"""Tests of x402's payment-identifier extension: one identifier is one payment, and its answer."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from x402.extensions.payment_identifier import append_payment_identifier_to_extensions

from alive402.demo import Buyer
from tests.http.conftest import Service

pytestmark = pytest.mark.anyio


async def signed(buyer: Buyer, videos: str) -> dict[str, Any]:
    """A new unused payment, with the extension that the official client echoes."""
    await buyer.pay(f"{videos}/none.mp4")
    payment: dict[str, Any] = json.loads(base64.b64decode(buyer.signature))
    return payment


def named(payment: dict[str, Any], name: str) -> str:
    """The payment's header, with the identifier added as the official helper does."""
    append_payment_identifier_to_extensions(payment["extensions"], name)
    return base64.b64encode(json.dumps(payment).encode()).decode()


async def test_same_identifier_and_payment_return_the_stored_answer(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        payment = named(await signed(buyer, videos), "pay_0123456789abcdef_same")
        assert len(payment) < 8 * 1024
        first = await buyer.send(f"{videos}/face.mp4", payment)
        again = await buyer.send(f"{videos}/face.mp4", payment)
        assert (first.status_code, again.status_code, again.text) == (200, 200, first.text)
        assert again.headers["PAYMENT-RESPONSE"] == first.headers["PAYMENT-RESPONSE"]
        assert await buyer.balance(service.parts.terms.asset) == 4_800_000


async def test_same_identifier_with_another_payment_is_refused(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        name = "pay_0123456789abcdef_other"
        first = await buyer.send(f"{videos}/face.mp4", named(await signed(buyer, videos), name))
        unused = await signed(buyer, videos)
        refused = await buyer.send(f"{videos}/face.mp4", named(unused, name))
        assert (refused.status_code, refused.json()["code"]) == (409, "payment_identifier_taken")
        assert refused.json()["charged"] is False
        assert "PAYMENT-REQUIRED" not in refused.headers
        assert await buyer.balance(service.parts.terms.asset) == 4_800_000
        # The payment itself is unharmed: under a name of its own it buys.
        bought = await buyer.send(f"{videos}/face.mp4", named(unused, "pay_0123456789abcdef_third"))
        assert (first.status_code, bought.status_code) == (200, 200)


async def test_failed_call_frees_its_identifier(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        name = "pay_0123456789abcdef_again"
        failed = await buyer.send(f"{videos}/none.mp4", named(await signed(buyer, videos), name))
        bought = await buyer.send(f"{videos}/face.mp4", named(await signed(buyer, videos), name))
        assert (failed.status_code, bought.status_code) == (424, 200)


@pytest.mark.parametrize("name", ["short", "x" * 129, "with spaces in it …", "pay_0123456789abcdef\n"])
async def test_malformed_identifier_is_refused(service: Service, videos: str, name: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        payment = await signed(buyer, videos)
        payment["extensions"]["payment-identifier"]["info"]["id"] = name
        # A schema of the buyer's own making is not run.
        payment["extensions"]["payment-identifier"]["schema"] = {"$ref": "http://127.0.0.1:9/"}
        header = base64.b64encode(json.dumps(payment).encode()).decode()
        refused = await buyer.send(f"{videos}/face.mp4", header)
    assert (refused.status_code, refused.json()["code"]) == (400, "payment_malformed")
