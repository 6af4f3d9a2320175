"""Tests of refused calls: each has its own code and status, is free, and leaves the payment usable."""

from __future__ import annotations

import base64
import json
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest
from eth_account import Account
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alive402.demo import TOOL_PATH, Buyer
from tests.http.conftest import Service, Start
from tests.providers.test_trial import TOO_LITTLE

pytestmark = pytest.mark.anyio


async def balance(buyer: Buyer, service: Service) -> int:
    return await buyer.balance(service.parts.terms.asset)


def changed(payment: str, /, **payload: Any) -> str:
    told = json.loads(base64.b64decode(payment))
    told["payload"] |= payload
    return base64.b64encode(json.dumps(told).encode()).decode()


async def signed(buyer: Buyer, videos: str) -> str:
    """An unused valid payment."""
    await buyer.fund()
    await buyer.pay(f"{videos}/none.mp4")
    return buyer.signature


@pytest.mark.parametrize(
    ("video", "status", "code"),
    [
        ("none.mp4", 424, "upstream_status"),
        ("text.mp4", 415, "unsupported_video"),
        ("big.mp4", 413, "video_too_large"),
        ("empty.mp4", 422, "no_face"),
        ("cut.mp4", 415, "unsupported_video"),
    ],
)
async def test_unusable_video_is_free(service: Service, videos: str, video: str, status: int, code: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        before = await balance(buyer, service)
        refused = await buyer.pay(f"{videos}/{video}")
        assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
        assert refused.json()["charged"] is False
        assert refused.json()["requestId"] == refused.headers["X-Request-Id"]
        assert await balance(buyer, service) == before
    assert service.histories()[-1] == ["created", "verified", "reserved", "released"]


async def test_payment_of_a_failed_call_buys_another_answer(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        payment = await signed(buyer, videos)
        before = await balance(buyer, service)
        assert (await buyer.send(f"{videos}/face.mp4", payment)).status_code == 200
        assert before - await balance(buyer, service) == 200_000


async def test_wrong_signature_is_refused_with_its_reason(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer, Buyer(service.url, Account.create()) as other:
        payment = await signed(buyer, videos)
        theirs = json.loads(base64.b64decode(await signed(other, videos)))
        refused = await buyer.send(f"{videos}/face.mp4", changed(payment, signature=theirs["payload"]["signature"]))
        assert (refused.status_code, refused.json()["code"]) == (402, "payment_invalid")
        assert refused.json()["details"]["reason"] == "invalid_exact_evm_payload_signature"
        assert refused.headers["PAYMENT-REQUIRED"]
        # The forgery left the real payment alone.
        assert (await buyer.send(f"{videos}/face.mp4", payment)).status_code == 200


async def test_empty_wallet_is_refused_with_its_reason(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        refused = await buyer.pay(f"{videos}/face.mp4")
    assert (refused.status_code, refused.json()["code"]) == (402, "payment_invalid")
    assert "balance" in refused.json()["details"]["reason"]


@pytest.mark.parametrize(
    "url", ["ftp://example.com/v", "file:///etc/passwd", "nonsense", "http://user:pass@example.com/v", "http://a b/"]
)
async def test_bad_url_is_refused_before_payment(service: Service, url: str) -> None:
    async with Buyer(service.url) as buyer:
        refused = await buyer.ask(url)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_url")
    assert refused.json()["charged"] is False


@pytest.mark.parametrize("body", [{"VideoURL": "http://example.com/v"}, {"VideoUrl": 7}, {"VideoUrl": ""}, {"x": 1}])
async def test_invalid_unpaid_body_is_refused(service: Service, body: dict[str, object]) -> None:
    async with httpx.AsyncClient() as http:
        refused = await http.post(service.url + TOOL_PATH, json=body)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_input")
    assert refused.json()["details"]["problems"]


async def test_private_address_is_forbidden_and_not_revealed(start: Start, videos: str) -> None:
    closed = start(allow_private_hosts=False, fetch_ports=frozenset({80, int(videos.rsplit(":", 1)[1])}))
    port = videos.rsplit(":", 1)[1]
    async with Buyer(closed.url) as buyer:
        await buyer.fund()
        before = await balance(buyer, closed)
        for host in ("localhost", "0x7f000001", "2130706433", "[::ffff:127.0.0.1]"):
            refused = await buyer.pay(f"http://{host}:{port}/face.mp4")
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden_address"), refused.text
            assert "127." not in refused.text
            assert refused.json()["charged"] is False
        assert await balance(buyer, closed) == before


async def test_slow_analysis_is_stopped(start: Start, videos: str) -> None:
    hasty = start(analysis_seconds=0.1)
    async with Buyer(hasty.url) as buyer:
        await buyer.fund()
        refused = await buyer.pay(f"{videos}/face.mp4")
        assert (refused.status_code, refused.json()["code"]) == (504, "analysis_timeout")
        assert await balance(buyer, hasty) == 5_000_000
    assert hasty.histories()[-1][-1] == "released"


@pytest.mark.parametrize("memory_bytes", TOO_LITTLE)
async def test_service_that_cannot_judge_is_not_ready_and_charges_nothing(
    start: Start, videos: str, memory_bytes: int
) -> None:
    cramped = start(analysis_memory_bytes=memory_bytes)
    async with Buyer(cramped.url) as buyer:
        await buyer.fund()
        refused = await buyer.pay(f"{videos}/face.mp4")
        assert (refused.status_code, refused.json()["code"]) == (503, "analysis_unavailable")
        assert refused.headers["Retry-After"]
        assert not {"Traceback", ".py", "/"} & set(refused.json()["message"].split())
        assert await balance(buyer, cramped) == 5_000_000
    assert cramped.histories()[-1][-1] == "released"
    async with httpx.AsyncClient() as http:
        ready = await http.get(f"{cramped.url}/readyz")
    assert ready.status_code == 503
    assert {part for part, works in ready.json()["checks"].items() if not works} == {"analysis"}


async def test_payment_about_to_expire_is_refused(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        told = json.loads(base64.b64decode(await signed(buyer, videos)))
        authorization = told["payload"]["authorization"] | {"validBefore": "1700000000"}
        refused = await buyer.send(f"{videos}/face.mp4", changed(buyer.signature, authorization=authorization))
    assert (refused.status_code, refused.json()["code"]) == (402, "payment_expires_soon")


async def test_oversized_requests_are_not_read(service: Service) -> None:
    async with httpx.AsyncClient() as http:
        body = await http.post(service.url + TOOL_PATH, content=b"{" + b" " * 20_000)
        header = await http.post(service.url + TOOL_PATH, headers={"PAYMENT-SIGNATURE": "a" * 9_000})
        other = await http.get(service.url + TOOL_PATH)
    assert (body.status_code, body.json()["code"]) == (413, "body_too_large")
    assert (header.status_code, header.json()["code"]) == (431, "header_too_large")
    assert (other.status_code, other.json()["code"]) == (405, "method_not_allowed")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=200)
    | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(lambda value: json.dumps(value).encode()),
    header=st.none()
    | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=200)
    | st.dictionaries(
        st.sampled_from(["x402Version", "payload", "accepted", "resource"]),
        st.integers() | st.text() | st.lists(st.none()),
    ).map(lambda value: base64.b64encode(json.dumps(value).encode()).decode()),
)
def test_any_body_or_header_gets_a_client_error(service: Service, body: bytes, header: str | None) -> None:
    headers = {"PAYMENT-SIGNATURE": header} if header is not None else {}
    with httpx.Client() as http:
        response = http.post(service.url + TOOL_PATH, content=body, headers=headers)
    assert response.status_code in {400, 402}
    told = response.json()
    assert {"requestId", "code", "message"} <= told.keys()
    assert told["charged"] is False


def left_in(folder: Path) -> list[Path]:
    """Every file in a folder, except the records of uploads."""
    return [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "uploads"]


async def test_no_video_remains(start: Start, videos: str, tmp_path: Path) -> None:
    tidy = start(media_directory=tmp_path)
    async with Buyer(tidy.url) as buyer:
        await buyer.fund()
        for video, status in (("face.mp4", 200), ("empty.mp4", 422), ("big.mp4", 413), ("text.mp4", 415)):
            assert (await buyer.pay(f"{videos}/{video}")).status_code == status
            assert left_in(tmp_path) == []


async def test_broken_ledger_sells_nothing_and_reveals_nothing(start: Start, videos: str) -> None:
    broken = start()
    with sqlite3.connect(broken.database) as connection:
        connection.execute("ALTER TABLE payments RENAME TO gone")
    async with Buyer(broken.url) as buyer:
        await buyer.fund()
        refused = await buyer.pay(f"{videos}/face.mp4")
        assert (refused.status_code, refused.json()["code"]) == (503, "ledger_unavailable")
        assert refused.json()["charged"] is None
        assert "PAYMENT-REQUIRED" not in refused.headers
        assert "sql" not in refused.text.lower()
        assert await balance(buyer, broken) == 5_000_000
