"""Tests of privacy: no stored videos, a log without personal data, retention, and erasure by the buyer."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest

from alive402.demo import TOOL_PATH, Buyer, Clips, run_service, serve_files
from alive402.liveness import ChallengeOptions
from alive402.payments.keys import Scope
from alive402.providers import LocalProvider
from tests.http.conftest import Service, Start
from tests.http.prepaying import SECRET, SERVICE, balance, paid
from tests.waiting import until

pytestmark = pytest.mark.anyio


async def erased(service: Service, request_id: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): it for name, it in headers.items()}
    async with httpx.AsyncClient(timeout=30) as http:
        return await http.delete(f"{service.url}/api/calls/{request_id}", headers=named)


def stored(service: Service, request_id: str) -> list[Any]:
    """Everything that the ledger holds of an answer, read directly."""
    questions = (
        "SELECT result FROM payments WHERE request_id = ? AND result IS NOT NULL",
        "SELECT result FROM prepaid_uses WHERE request_id = ? AND result IS NOT NULL",
        "SELECT jws FROM signed_verdicts WHERE request_id = ?",
        "SELECT result FROM jobs WHERE request_id = ?",
        "SELECT id FROM challenges WHERE request_id = ?",
    )
    with sqlite3.connect(service.database) as connection:
        return [row for each in questions for row in connection.execute(each, (request_id,)).fetchall()]


async def key(service: Service, *scopes: Scope) -> str:
    return (await service.parts.registry.ledger_services.keys.create("tests", scopes))[1]


async def test_buyer_erases_the_answer_and_is_not_charged_again(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        bought = (await buyer.pay(f"{videos}/face.mp4")).json()
        request_id, signature = bought["requestId"], buyer.signature
        after, histories = await balance(buyer, service), service.histories()
        ledger, asked = service.parts.registry.ledger_services.ledger, service.parts.challenges
        challenge = await asked.create("payer", ChallengeOptions(), begin=True)
        async with ledger.session() as session:
            await asked.claim(session, challenge.id, "payer", None, request_id)
        assert len(stored(service, request_id)) == 3
        for _ in range(2):
            answer = await erased(service, request_id, PAYMENT_SIGNATURE=signature)
            assert (answer.status_code, answer.content) == (204, b"")
            assert stored(service, request_id) == []
        for _ in range(2):
            gone = await buyer.send(f"{videos}/face.mp4", signature)
            assert (gone.status_code, gone.json()["code"], gone.json()["charged"]) == (410, "answer_erased", True)
        other = await buyer.send(f"{videos}/attack.mp4", signature)
        assert (other.status_code, other.json()["code"]) == (409, "payment_spent")
        assert await balance(buyer, service) == after
    async with httpx.AsyncClient() as http:
        for address in (bought["reportUrl"], bought["reportUrl"] + "/answer.json"):
            report = await http.get(address)
            assert (report.status_code, report.json()["code"]) == (410, "report_gone")
    # What happened to the money stays as it was written.
    assert service.histories() == histories


async def test_strangers_can_neither_erase_nor_detect_an_answer(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer, Buyer(service.url) as stranger:
        await buyer.fund()
        await stranger.fund()
        request_id = (await buyer.pay(f"{videos}/face.mp4")).json()["requestId"]
        theirs = (await stranger.pay(f"{videos}/face.mp4")).json()["requestId"]
        ahead = await paid(stranger, 1)
        call = await key(service, Scope.CALL)
        tries = [
            {"PAYMENT_SIGNATURE": stranger.signature},
            {"X_Payment_Token": ahead["token"]},
            {"X_Payment_Token": "pt_none", "PAYMENT_SIGNATURE": stranger.signature},
            {"X_Api_Key": call},
        ]
        for headers in tries:
            known = await erased(service, request_id, **headers)
            unknown = await erased(service, "0" * 32, **headers)
            told = [(each.status_code, {**each.json(), "requestId": ""}) for each in (known, unknown)]
            assert told[0] == told[1], headers
            assert (told[0][0], told[0][1]["code"]) == (404, "call_unknown")
        nothing = await erased(service, request_id)
        assert (nothing.status_code, nothing.json()["code"]) == (401, "proof_missing")
        nonsense = await erased(service, request_id, PAYMENT_SIGNATURE="nonsense")
        assert (nonsense.status_code, nonsense.json()["code"]) == (400, "payment_malformed")
        refused = await erased(service, request_id, X_Api_Key="ak_none")
        assert (refused.status_code, refused.json()["code"]) == (401, "api_key_refused")
        assert len(stored(service, request_id)) == len(stored(service, theirs)) == 2
        by_operator = await erased(service, request_id, X_Api_Key=await key(service, Scope.OPS))
        assert (by_operator.status_code, stored(service, request_id)) == (204, [])


async def test_token_erases_its_answers(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        token = (await paid(buyer, 2, clientSecret=SECRET))["token"]
        whose = {"Idempotency_Key": "first", "X_Client_Secret": SECRET}
        first = (await buyer.spend(f"{videos}/face.mp4", token, **whose)).json()["requestId"]
        without = await erased(service, first, X_Payment_Token=token)
        assert (without.status_code, without.json()["code"]) == (404, "call_unknown")
        assert (await erased(service, first, X_Payment_Token=token, X_Client_Secret=SECRET)).status_code == 204
        assert stored(service, first) == []
        again = await buyer.spend(f"{videos}/face.mp4", token, **whose)
        assert (again.status_code, again.json()["code"], again.json()["charged"]) == (410, "answer_erased", True)
        # Another request still has its call; the last answer of a token is given again, until it is erased too.
        last = await buyer.spend(f"{videos}/attack.mp4", token, X_Client_Secret=SECRET)
        assert last.status_code == 200
        erasing = {"X_Payment_Token": token, "X_Client_Secret": SECRET}
        assert (await erased(service, last.json()["requestId"], **erasing)).status_code == 204
        gone = await buyer.spend(f"{videos}/attack.mp4", token, X_Client_Secret=SECRET)
        assert (gone.status_code, gone.json()["code"]) == (410, "answer_erased")
        third = await buyer.spend(f"{videos}/empty.mp4", token, X_Client_Secret=SECRET)
        assert (third.status_code, third.json()["code"]) == (402, "token_exhausted")


async def test_keys_erase_their_answers(service: Service, videos: str) -> None:
    books = service.parts.registry.ledger_services
    row, secret = await books.keys.create("customer", [Scope.CALL], prepaid=True)
    await books.balances.grant(row.id, SERVICE, 3)
    free = await key(service, Scope.CALL)
    async with httpx.AsyncClient(base_url=service.url, timeout=120) as http:
        body, mine = {"VideoUrl": f"{videos}/face.mp4"}, {"X-Api-Key": secret, "Idempotency-Key": "one"}
        first = await http.post(TOOL_PATH, json=body, headers=mine)
        own = await http.post(TOOL_PATH, json=body, headers={"X-Api-Key": free})
        bought, asked = first.json()["requestId"], own.json()["requestId"]
        assert (await erased(service, bought, X_Api_Key=free)).status_code == 404
        assert (await erased(service, asked, X_Api_Key=secret)).status_code == 404
        assert (await erased(service, bought, X_Api_Key=secret)).status_code == 204
        assert (await erased(service, asked, X_Api_Key=free)).status_code == 204
        assert stored(service, bought) == stored(service, asked) == []
        again = await http.post(TOOL_PATH, json=body, headers=mine)
    assert (again.status_code, again.json()["code"], again.json()["charged"]) == (410, "answer_erased", True)


async def test_answer_of_an_unknown_settlement_is_not_erased(service: Service, videos: str) -> None:
    """Until it is known whether the money moved, the buyer may still be owed the answer."""
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        request_id = (await buyer.pay(f"{videos}/face.mp4")).json()["requestId"]
        for state, status, code in (
            ("settle_unknown", 503, "settlement_unknown"),
            ("settling", 409, "payment_in_use"),
            ("reserved", 409, "payment_in_use"),
        ):
            # Its lease is long over, so the reconciler may take the last ones up at any moment; it keeps the answer.
            write(
                service,
                "UPDATE payments SET state = ?, lease_until = '2999-01-01' WHERE request_id = ?",
                state,
                request_id,
            )
            refused = await erased(service, request_id, PAYMENT_SIGNATURE=buyer.signature)
            assert (refused.status_code, refused.json()["code"]) == (status, code)
            assert len(stored(service, request_id)) == 2
        write(service, "UPDATE payments SET state = 'consumed', lease_until = NULL WHERE request_id = ?", request_id)


def write(service: Service, statement: str, *values: str) -> None:
    """Change the ledger directly."""
    with sqlite3.connect(service.database, timeout=30) as connection:
        connection.execute(statement, values)


async def test_job_is_erased_with_its_answer(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        token = (await paid(buyer, 1))["token"]
        started = await buyer.spend(f"{videos}/face.mp4", token, Prefer="respond-async")
        assert started.status_code == 202, started.text
        url = started.json()["statusUrl"]
        async with httpx.AsyncClient(timeout=30) as http:
            done = await until(lambda: http.get(url), lambda told: told.json()["status"] in ("done", "failed"))
            request_id = done.json()["result"]["requestId"]
            assert len(stored(service, request_id)) == 3
            assert (await erased(service, request_id, X_Payment_Token=token)).status_code == 204
            assert stored(service, request_id) == []
            assert (await http.get(url)).status_code == 404


async def test_expired_answers_are_erased(start: Start, videos: str) -> None:
    service = start(keep_answers_days=7, keep_call_log_days=3, erase_seconds=0.05)
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        request_id = (await buyer.pay(f"{videos}/face.mp4")).json()["requestId"]
        assert (await buyer.send(f"{videos}/face.mp4", buyer.signature)).status_code == 200
        for column, table in (("created_at", "payments"), ("updated_at", "payments"), ("issued_at", "signed_verdicts")):
            past = f"UPDATE {table} SET {column} = strftime('%Y-%m-%d %H:%M:%f', 'now', '-8 days') WHERE request_id = ?"
            write(service, past, request_id)
        async with asyncio.timeout(60):
            while stored(service, request_id):
                await balance(buyer, service)
        gone = await buyer.send(f"{videos}/face.mp4", buyer.signature)
        assert (gone.status_code, gone.json()["code"]) == (410, "answer_erased")


def videos_in(folder: Path) -> list[str]:
    """Every file that is large enough to be a video."""
    return [str(path) for path in folder.rglob("*") if path.is_file() and path.stat().st_size > 1000]


async def test_no_video_remains_after_any_call(start: Start, videos: str, tmp_path: Path) -> None:
    media = tmp_path / "media"
    service = start(media_directory=media)
    killed = start(media_directory=media, analysis_seconds=0.3)
    async with httpx.AsyncClient(timeout=120) as http:
        ends = []
        for own_service, name in (
            (service, "face.mp4"), (service, "empty.mp4"), (service, "cut.mp4"), (service, "text.mp4"),
            (service, "big.mp4"), (service, "none.mp4"), (killed, "face.mp4"),
        ):  # fmt: skip
            call = {
                "json": {"VideoUrl": f"{videos}/{name}"},
                "headers": {"X-Api-Key": await key(own_service, Scope.CALL)},
            }
            answer = await http.post(own_service.url + TOOL_PATH, **call)  # type: ignore[arg-type]
            ends.append(answer.json()["code"])
            assert videos_in(media) == [], name
    assert (ends[0], ends[-1]) == ("200", "analysis_timeout")
    assert len(set(ends)) >= 5
    # Left by its caller in the middle of the analysis.
    local: Any = service.parts.registry.first.provider
    provider = LocalProvider(local.fetching, local.judging, media=media)
    looking = asyncio.Event()
    given = {"VideoUrl": f"{videos}/attack.mp4"}
    answering = asyncio.create_task(
        provider.answer(given, lambda stage, share: looking.set() if share >= 0.2 else None)
    )
    await looking.wait()
    assert len(videos_in(media)) == 1
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering
    assert videos_in(media) == []
    await provider.close()


async def test_log_has_no_video_payer_or_key(short_clips: Clips, tmp_path: Path) -> None:
    """Every kind of call is made through `alive402 serve`; then its log is searched."""
    (tmp_path / "videos").mkdir()
    for name in ("a-private-face.mp4", "cut-private.mp4"):
        shutil.copy(short_clips.bona_fide, tmp_path / "videos" / name)
    (tmp_path / "videos" / "cut-private.mp4").write_bytes(b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 2000)
    with serve_files(tmp_path / "videos") as videos:
        async with run_service(tmp_path) as url, Buyer(url) as buyer, httpx.AsyncClient(timeout=60) as http:
            await buyer.fund()
            bought = (await buyer.pay(f"{videos}/a-private-face.mp4?of=somebody")).json()
            first = buyer.signature
            await buyer.send(f"{videos}/a-private-face.mp4?of=somebody", first)
            await buyer.send(f"{videos}/other-private.mp4", first)
            for name in ("none-private.mp4", "cut-private.mp4"):
                await buyer.pay(f"{videos}/{name}")
            for address in ("http://169.254.169.254/private", "ftp://private.example/"):
                await buyer.pay(address)
            asked = await http.post(f"{url}/api/payments", json={"serviceId": SERVICE, "clientSecret": SECRET})
            assert asked.status_code == 201, asked.text
            assert (await buyer.prepay(1)).status_code == 200
            await buyer.spend(f"{videos}/a-private-face.mp4", buyer.token)
            await http.get(bought["reportUrl"])
            await http.get(f"{url}/private-path?private=1")
            sent = await http.post(
                f"{url}/api/uploads", content=short_clips.bona_fide.read_bytes(),
                headers={"PAYMENT-SIGNATURE": buyer.signature, "Content-Type": "video/mp4"},
            )  # fmt: skip
            await http.request("DELETE", f"{url}/api/calls/{bought['requestId']}", headers={"PAYMENT-SIGNATURE": first})
            address, token, report = buyer.account.address, buyer.token, bought["reportUrl"].rpartition("/")[2]
    log = (tmp_path / "server.log").read_text()
    assert log.count('"event": "request"') >= 20
    assert bought["requestId"] in log
    secrets = [
        "private", "somebody", "mp4", "127.0.0.1", "169.254", address, address.lower(), address[2:].lower(), report,
        token, asked.json()["token"], SECRET, first[:60], bought["data"]["Receipt"],
    ]  # fmt: skip
    if sent.status_code == 201:
        secrets.append(sent.json()["uploadId"])
    assert [each for each in secrets if each in log] == []


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({}, ("90 days", "10 minutes", "1 day", "30/hour")),
        (
            {
                "keep_answers_days": 7,
                "keep_call_log_days": 365,
                "upload_seconds": 90,
                "free_failures_per_payer": "5/hour",
            },
            ("7 days", "365 days", "90 seconds", "5/hour"),
        ),
        ({"otlp_endpoint": "http://127.0.0.1:9", "job_seconds": 7200}, ("trace collector", "2 hours")),
    ],
)
async def test_privacy_page_shows_the_settings(start: Start, chosen: dict[str, object], words: tuple[str, ...]) -> None:
    service = start(**chosen)
    async with httpx.AsyncClient() as http:
        page = await http.get(f"{service.url}/privacy")
        home = await http.get(service.url)
    assert page.status_code == 200
    text = " ".join(page.text.split())
    assert [each for each in words if each not in text] == []
    assert f"DELETE {service.url}/api/calls/" in text
    assert "/privacy" in home.text
