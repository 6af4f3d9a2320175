"""Tests of paid calls that name a challenge: used once, in time, by its payer; charged only for an answer."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from typer.testing import CliRunner

from alive402.catalog import LIVENESS
from alive402.challenges import sha256_of
from alive402.cli.main import app
from alive402.demo import TOOL_PATH, Buyer
from alive402.receipts import verified
from tests.http.access_keys import made
from tests.http.challenging import PRICE, begun, buy, change, clip, found, host, naming, url_of
from tests.http.conftest import Service, Start

__all__ = ["clip", "host"]
pytestmark = pytest.mark.anyio


async def spent(buyer: Buyer, service: Service) -> int:
    return 5_000_000 - await buyer.balance(service.parts.terms.asset)


async def test_answer_says_whether_the_challenge_was_answered(service: Service, host: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        row = await begun(url_of(service), buyer.account.address, bind="session 17")
        given = naming(host, row.id, ChallengeBind="session 17")
        answer = await buyer.buy(given, TOOL_PATH)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        Draft202012Validator(LIVENESS.output_schema).validate(body)
        freshness = body["data"]["Liveness"]["freshness"]
        assert (freshness["status"], freshness["challenge_id"]) == ("not_answered", row.id)
        assert freshness["nonce"] == row.nonce
        assert freshness["bind_sha256"] == sha256_of("session 17")
        assert freshness["begun_at"] < freshness["received_at"]
        assert body["data"]["Liveness"]["verdict"] != "live"
        async with httpx.AsyncClient() as http:
            jwks = (await http.get(f"{service.url}/.well-known/jwks.json")).json()
        claims = verified(body["data"]["Receipt"], jwks)["freshness"]
        named = ("status", "challengeId", "nonce", "kind", "bits", "begunAt", "receivedAt", "bindSha256", "stepsSha256")
        assert set(claims) == set(named)
        assert {freshness[field] for field in ("status", "nonce", "received_at")} <= set(claims.values())
        # The same payment gets the same answer; another one of the same payer is told which call used the challenge.
        again = await buyer._plain.post(
            buyer.url + TOOL_PATH, json=given, headers={"PAYMENT-SIGNATURE": buyer.signature}
        )
        assert (again.status_code, again.text) == (200, answer.text)
        status, refused = await buy(buyer, given)
        assert (status, refused["code"], refused["charged"]) == (409, "challenge_used", False)
        assert refused["details"] == {"requestId": body["requestId"]}
        assert await spent(buyer, service) == PRICE
    stored = await found(url_of(service), row.id)
    assert (stored.request_id, stored.lease_until, stored.answered) == (body["requestId"], None, False)
    found_good = receipt(service, answer.text)
    assert found_good.exit_code == 0, found_good.output
    assert "not answered; steps returned at" in found_good.output
    for old, new in (('"status":"not_answered"', '"status":"answered"'), (row.nonce, "another")):
        assert old in answer.text
        altered = receipt(service, answer.text.replace(old, new))
        assert (altered.exit_code, "`freshness`" in altered.output) == (1, True), altered.output


def receipt(service: Service, answer: str) -> Any:
    """What `alive402 verify-receipt` says of an answer; in a thread, because the service answers meanwhile."""
    line = ["verify-receipt", "-", "--jwks", f"{service.url}/.well-known/jwks.json"]
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(CliRunner().invoke, app, line, input=answer).result()


async def test_refused_challenges_cost_nothing(service: Service, host: str) -> None:
    async with Buyer(service.url) as buyer, Buyer(service.url) as other:
        await buyer.fund()
        await other.fund()
        payer, database = buyer.account.address, url_of(service)
        mine = await begun(database, payer, bind="mine")
        unbegun = await begun(database, payer, begin=False)
        late, never = await begun(database, payer), await begun(database, payer, begin=False)
        change(service, late.id, begun_at=-60, answer_by=-1)
        change(service, never.id, expires_at=-1)
        cases = [
            (buyer, naming(host, "A" * 43), 404, "challenge_unknown"),
            (buyer, naming(host, mine.id), 404, "challenge_unknown"),
            (buyer, naming(host, mine.id, ChallengeBind="yours"), 404, "challenge_unknown"),
            (other, naming(host, mine.id, ChallengeBind="mine"), 404, "challenge_unknown"),
            (buyer, naming(host, unbegun.id), 409, "challenge_not_begun"),
            (buyer, naming(host, unbegun.id, ChallengeBind="mine"), 404, "challenge_unknown"),
            (buyer, naming(host, late.id), 410, "challenge_expired"),
            (buyer, naming(host, never.id), 410, "challenge_expired"),
        ]
        for whose, given, status, code in cases:
            got, body = await buy(whose, given)
            assert (got, body["code"], body["charged"]) == (status, code, False), body
        # Input that cannot name a challenge is refused before any payment.
        for bad in ({"ChallengeId": "A" * 42}, {"ChallengeId": "A" * 43, "ChallengeBind": "b" * 129}):
            answer = await buyer._plain.post(
                buyer.url + TOOL_PATH, json={"VideoUrl": host, **bad}, headers={"X-Payment-Token": "any"}
            )
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
        assert (await spent(buyer, service), await spent(other, service)) == (0, 0)
    assert (await found(url_of(service), mine.id)).request_id is None


async def test_payment_of_a_refused_challenge_is_free_for_another_call(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        status, body = await buy(buyer, naming(f"{videos}/face.mp4", "A" * 43))
        assert (status, body["code"]) == (404, "challenge_unknown")
        assert (await buyer.send(f"{videos}/face.mp4", buyer.signature)).status_code == 200
        assert await spent(buyer, service) == PRICE


async def test_two_payments_for_one_challenge_buy_one_answer(service: Service, host: str) -> None:
    async with (
        Buyer(service.url) as one,
        Buyer(service.url, one.account) as two,
        Buyer(service.url, one.account) as six,
    ):
        await one.fund()
        row = await begun(url_of(service), one.account.address)
        got = await asyncio.gather(*(buy(each, naming(host, row.id)) for each in (one, two, six)))
        assert sorted(status for status, _ in got) == [200, 409, 409], got
        (bought,) = (body for status, body in got if status == 200)
        for status, body in got:
            if status == 409:
                assert (body["code"], body["details"]) == ("challenge_used", {"requestId": bought["requestId"]})
        assert await spent(one, service) == PRICE


async def test_refusal_of_the_clip_uses_the_challenge_up(service: Service, host: str, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        row = await begun(url_of(service), buyer.account.address)
        # A host that does not answer with the clip does not use it up.
        status, body = await buy(buyer, naming(f"{videos}/nowhere.mp4", row.id))
        assert (status, body["code"]) == (424, "upstream_status")
        assert (await found(url_of(service), row.id)).request_id is None
        status, short = await buy(buyer, naming(f"{videos}/face.mp4", row.id))
        assert (status, short["code"], short["charged"]) == (422, "clip_too_short", False)
        stored = await found(url_of(service), row.id)
        assert (stored.request_id, stored.answered) == (short["requestId"], False)
        status, used = await buy(buyer, naming(host, row.id))
        assert (status, used["code"]) == (409, "challenge_used")
        assert await spent(buyer, service) == 0


async def test_clip_that_is_fetched_too_late_is_refused(service: Service, clip: Path) -> None:
    released = threading.Event()

    class Slow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            released.wait(30)
            self.wfile.write(clip.read_bytes())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        async with Buyer(service.url) as buyer:
            await buyer.fund()
            row = await begun(url_of(service), buyer.account.address)
            change(service, row.id, answer_by=3)
            calling = asyncio.create_task(buy(buyer, naming(f"http://127.0.0.1:{server.server_port}/c.mp4", row.id)))
            deadline = asyncio.get_running_loop().time() + 3.2
            asyncio.get_running_loop().call_at(deadline, released.set)
            status, body = await calling
            assert (status, body["code"], body["charged"]) == (410, "challenge_expired", False), body
            assert await spent(buyer, service) == 0
        server.shutdown()
    assert (await found(url_of(service), row.id)).request_id is None


async def test_upload_counts_from_its_last_byte(start: Start, clip: Path, tmp_path: Path) -> None:
    service = start(media_directory=tmp_path)
    film = await asyncio.to_thread(clip.read_bytes)
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        await buyer.prepay(2)
        payer = f"token {sha256_of(buyer.token)}"
        in_time = await begun(url_of(service), payer)
        headers = {"X-Payment-Token": buyer.token, "Content-Type": "video/mp4"}
        upload = await buyer._plain.post(f"{buyer.url}/api/uploads", content=film, headers=headers)
        assert upload.status_code == 201, upload.text
        after = await begun(url_of(service), payer)
        too_late = await begun(url_of(service), payer)
        change(service, in_time.id, answer_by=-0.001)
        change(service, too_late.id, begun_at=-90, answer_by=-60)
        url = upload.json()["url"]
        for row, status, code in (
            (after, 409, "challenge_not_begun"),
            (too_late, 410, "challenge_expired"),
            (in_time, 200, "200"),
        ):
            answer = await call(buyer, naming(url, row.id), buyer.token)
            assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        received = answer.json()["data"]["Liveness"]["freshness"]["received_at"]
        assert in_time.begun_at.isoformat() < received < after.begun_at.isoformat()  # type: ignore[union-attr]


async def call(buyer: Buyer, given: dict[str, Any], token: str, **more: str) -> httpx.Response:
    headers = {"X-Payment-Token": token, **{name.replace("_", "-"): value for name, value in more.items()}}
    return await buyer._plain.post(buyer.url + TOOL_PATH, json=given, headers=headers)


async def test_token_uses_a_challenge_once(service: Service, host: str, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        paid = (await buyer.prepay(3)).json()
        row = await begun(url_of(service), f"token {sha256_of(buyer.token)}")
        other = await begun(url_of(service), f"token {sha256_of(buyer.token)}")
        named = naming(host, row.id)
        first, second = await asyncio.gather(*(call(buyer, named, buyer.token, Idempotency_Key=key) for key in "ab"))
        bought, refused = (first, second) if first.status_code == 200 else (second, first)
        assert (bought.status_code, refused.status_code) == (200, 409), (first.text, second.text)
        assert refused.json()["code"] == "challenge_used"
        key = "a" if bought is first else "b"
        again = await call(buyer, named, buyer.token, Idempotency_Key=key)
        assert (again.status_code, again.text) == (200, bought.text)
        short = await call(buyer, naming(f"{videos}/face.mp4", other.id), buyer.token)
        assert (short.status_code, short.json()["code"]) == (422, "clip_too_short")
        left = await buyer._plain.get(f"{buyer.url}/api/payments/{paid['paymentId']}")
        assert left.json()["remainingCalls"] == 2


async def test_free_key_uses_a_challenge_once(service: Service, host: str) -> None:
    key = made(service)
    row = await begun(url_of(service), f"key {key['id']}")
    async with httpx.AsyncClient(timeout=180) as http:
        headers = {"X-Api-Key": key["key"]}
        got = await asyncio.gather(
            *(http.post(service.url + TOOL_PATH, json=naming(host, row.id), headers=headers) for _ in range(2))
        )
    assert sorted(each.status_code for each in got) == [200, 409], [each.text for each in got]
    assert "challenge_used" in {each.json()["code"] for each in got}


async def test_claim_of_a_dead_call_ends_with_its_lease(service: Service, host: str) -> None:
    """A process that dies leaves the challenge to its call until the lease is over."""
    key = made(service)
    row = await begun(url_of(service), f"key {key['id']}")
    with sqlite3.connect(service.database) as connection:
        connection.execute("UPDATE challenges SET request_id = 'dead' WHERE id = ?", (row.id,))
    async with httpx.AsyncClient(timeout=180) as http:

        async def send() -> httpx.Response:
            headers = {"X-Api-Key": key["key"]}
            return await http.post(service.url + TOOL_PATH, json=naming(host, row.id), headers=headers)

        change(service, row.id, lease_until=20)
        waits = await send()
        assert (waits.status_code, waits.json()["code"]) == (409, "challenge_used")
        assert waits.headers["Retry-After"]
        change(service, row.id, lease_until=-0.01)
        assert (await send()).status_code == 200
