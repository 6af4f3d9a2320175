"""Tests of the paid call over HTTP: the unpaid answer, the paid answer, and money that moves once."""

from __future__ import annotations

import asyncio
import base64
import json
import time

import httpx
import pytest
from x402.http.utils import decode_payment_required_header
from x402.schemas import PaymentRequired

from alive402.demo import TOOL_PATH, Buyer, receipt
from alive402.payments.x402 import PaymentGate, Resource
from tests.http.conftest import Service, Start

pytestmark = pytest.mark.anyio
LEGACY = "/api/tools/aliyun-facebody-detect-video-living-face"
BOUGHT = ["created", "verified", "reserved", "executed", "settling", "settled", "consumed"]


async def asset_of(buyer: Buyer) -> str:
    return str((await buyer.ask("http://example.com/v.mp4")).json()["accepts"][0]["asset"])


@pytest.mark.parametrize("path", [TOOL_PATH, LEGACY])
@pytest.mark.parametrize("body", [b"", b"{}", b'{"VideoUrl": "http://example.com/v.mp4"}'])
async def test_unpaid_call_returns_requirements_in_body_and_header(service: Service, path: str, body: bytes) -> None:
    async with httpx.AsyncClient() as http:
        response = await http.post(service.url + path, content=body)
    assert response.status_code == 402
    told = response.json()
    assert told["x402Version"] == 1
    assert told["code"] == "payment_required"
    assert told["charged"] is False
    assert told["resource"]["url"] == service.url + path
    assert told["extensions"]["bazaar"]["info"]["input"]["method"] == "POST"
    (terms,) = told["accepts"]
    assert (terms["scheme"], terms["network"], terms["maxAmountRequired"]) == ("exact", "base-sepolia", "200000")
    assert told["payment"]["amountCents"] == 20
    assert told["payment"]["serviceId"] == "video-face-liveness-detection"
    header = decode_payment_required_header(response.headers["PAYMENT-REQUIRED"])
    (signed,) = header.accepts
    assert (signed.scheme, signed.network, signed.amount) == ("exact", "eip155:84532", "200000")
    assert header.resource is not None
    assert header.resource.url == service.url + path


async def test_402_document_is_built_once(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    make = PaymentGate.required

    def counted(gate: PaymentGate, resource: Resource, error: str) -> PaymentRequired:
        made.append(error)
        return make(gate, resource, error)

    monkeypatch.setattr(PaymentGate, "required", counted)
    async with httpx.AsyncClient() as http:
        response = await http.post(service.url + TOOL_PATH)
    assert response.status_code == 402
    assert made == [response.json()["error"]]


async def test_paid_call_returns_the_answer_and_moves_the_price(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        asset, seller = await asset_of(buyer), service.parts.terms.pay_to
        before, earned = await buyer.balance(asset), await buyer.balance(asset, seller)
        response = await buyer.pay(f"{videos}/face.mp4")
        assert response.status_code == 200, response.text
        body, settled = response.json(), receipt(response)
        assert {key: body[key] for key in ("code", "message", "content")} == {
            "code": "200",
            "message": "success",
            "content": "",
        }
        assert body["data"]["Action"] == "DetectVideoLivingFace"
        assert [set(element) for element in body["data"]["Elements"]] == [{"LiveConfidence", "FaceConfidence", "Rect"}]
        assert body["data"]["Liveness"]["verdict"] in {"live", "spoof", "inconclusive"}
        assert (settled.success, settled.payer, settled.amount) == (True, buyer.account.address, "200000")
        assert before - await buyer.balance(asset) == 200_000
        assert await buyer.balance(asset, seller) - earned == 200_000
        mined = await buyer.rpc("eth_getTransactionReceipt", [settled.transaction])
        assert mined["status"] == "0x1"
    assert service.histories()[-1] == BOUGHT
    assert len(buyer.signature) < 8192


async def test_repeated_payment_returns_the_stored_answer(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        asset = await asset_of(buyer)
        first = await buyer.pay(f"{videos}/face.mp4")
        after = await buyer.balance(asset)
        for path in (TOOL_PATH, LEGACY):
            again = await buyer.send(f"{videos}/face.mp4", buyer.signature, path)
            assert (again.status_code, again.json()) == (200, first.json())
            assert again.headers["PAYMENT-RESPONSE"] == first.headers["PAYMENT-RESPONSE"]
        other = await buyer.send(f"{videos}/attack.mp4", buyer.signature)
        assert (other.status_code, other.json()["code"]) == (409, "payment_spent")
        assert other.json()["charged"] is False
        assert await buyer.balance(asset) == after
    assert service.histories()[-1] == BOUGHT


async def test_hundred_concurrent_calls_are_one_charge(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        asset = await asset_of(buyer)
        # A failed call leaves a good signature behind, unused.
        await buyer.pay(f"{videos}/none.mp4")
        before, known = await buyer.balance(asset), len(service.histories())
        answers = await asyncio.gather(*[buyer.send(f"{videos}/face.mp4", buyer.signature) for _ in range(100)])
        assert await buyer.balance(asset) == before - 200_000
        good = [each for each in answers if each.status_code == 200]
        late = [each for each in answers if each.status_code == 409]
        assert len(good) >= 1
        assert len(good) + len(late) == 100
        assert len({each.text for each in good}) == 1
        assert {each.json()["code"] for each in late} <= {"payment_in_use"}
        assert all(each.headers["Retry-After"] for each in late)
        retried = await buyer.send(f"{videos}/face.mp4", buyer.signature)
        assert (retried.status_code, retried.text) == (200, good[0].text)
    histories = service.histories()
    assert len(histories) == known
    assert histories[-1] == ["created", "verified", "reserved", "released", *BOUGHT[2:]]


async def test_payment_for_another_resource_is_refused(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        await buyer.pay(f"{videos}/none.mp4")
        payload = json.loads(base64.b64decode(buyer.signature))
        payload["resource"]["url"] = service.url.replace("127.0.0.1", "elsewhere.example") + TOOL_PATH
        altered = base64.b64encode(json.dumps(payload).encode()).decode()
        refused = await buyer.send(f"{videos}/face.mp4", altered)
    assert (refused.status_code, refused.json()["code"]) == (402, "payment_mismatch")


async def test_bought_answer_outlives_its_payment(start: Start, videos: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request for a new payment would charge twice for one answer."""
    own = start()
    async with Buyer(own.url) as buyer:
        await buyer.fund()
        first = await buyer.pay(f"{videos}/face.mp4")
        later = time.time() + 100_000
        monkeypatch.setattr(time, "time", lambda: later)
        again = await buyer.send(f"{videos}/face.mp4", buyer.signature)
    assert (again.status_code, again.text) == (200, first.text)


async def test_new_price_applies_to_new_answers(start: Start, videos: str) -> None:
    cheap = start()
    async with Buyer(cheap.url) as buyer:
        await buyer.fund()
        first = await buyer.pay(f"{videos}/face.mp4")
        spent = buyer.signature
        await buyer.pay(f"{videos}/none.mp4")
        unused = buyer.signature
    dear = start(database_url=f"sqlite+aiosqlite:///{cheap.database}", price=300_000)
    async with Buyer(dear.url) as buyer:
        again = await buyer.send(f"{videos}/face.mp4", spent)
        refused = await buyer.send(f"{videos}/face.mp4", unused)
    # The same answer; only the service's own address is another one now.
    assert again.text == first.text.replace(cheap.url, dear.url)
    assert (refused.status_code, refused.json()["code"]) == (402, "payment_mismatch")
    assert refused.json()["accepts"][0]["maxAmountRequired"] == "300000"
    assert refused.json()["payment"]["amountCents"] == 30


async def test_copied_payment_without_signature_gets_no_answer(service: Service, videos: str) -> None:
    """Payer and nonce are public after settlement; the signed data are not."""
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        await buyer.pay(f"{videos}/face.mp4")
        payload = json.loads(base64.b64decode(buyer.signature))
        payload["payload"]["signature"] = "0x" + "11" * 65
        forged = base64.b64encode(json.dumps(payload).encode()).decode()
        refused = await buyer.send(f"{videos}/face.mp4", forged)
    assert (refused.status_code, refused.json()["code"]) == (409, "payment_spent")
    assert "data" not in refused.json()
