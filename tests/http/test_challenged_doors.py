"""Tests of challenges through the other doors of a paid call: jobs, MCP and Alibaba's RPC."""

from __future__ import annotations

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import httpx2
import jwt
import pytest
from alibabacloud_tea_openapi.models import OpenApiRequest, Params
from alibabacloud_tea_util.models import RuntimeOptions
from benchmarks.answers import CRF, RATE, SIZE
from eth_account import Account
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from Tea.exceptions import TeaException

from alive402.catalog import LIVENESS
from alive402.challenges import sha256_of
from alive402.demo import TOOL_PATH, Buyer, Take, answer_frames, serve_files, write_frames
from tests.http.access_keys import made, sdk
from tests.http.challenging import PRICE, begun, buy, change, clip, found, host, naming, url_of
from tests.http.conftest import Service, Start
from tests.http.facilitators import Facilitator

__all__ = ["clip", "host"]
pytestmark = pytest.mark.anyio


async def test_job_answers_a_challenge(service: Service, host: str) -> None:
    key = made(service)
    row = await begun(url_of(service), f"key {key['id']}")
    async with httpx.AsyncClient(timeout=180) as http:
        headers = {"X-Api-Key": key["key"], "Prefer": "respond-async"}
        started = await http.post(service.url + TOOL_PATH, json=naming(host, row.id), headers=headers)
        assert started.status_code == 202, started.text
        async with http.stream("GET", f"{started.json()['statusUrl']}/events") as events:
            async for _ in events.aiter_lines():
                pass
        done = (await http.get(started.json()["statusUrl"])).json()
    assert done["status"] == "done", done
    assert done["result"]["data"]["Liveness"]["freshness"]["challenge_id"] == row.id
    assert (await found(url_of(service), row.id)).request_id == done["result"]["requestId"]


async def test_cancelled_job_gives_the_challenge_back(service: Service, clip: Path) -> None:
    asked, released = threading.Event(), threading.Event()

    class Waiting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.set()
            released.wait(30)

        def log_message(self, format: str, *args: object) -> None:
            pass

    key = made(service)
    row = await begun(url_of(service), f"key {key['id']}")
    with ThreadingHTTPServer(("127.0.0.1", 0), Waiting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        async with httpx.AsyncClient(timeout=180) as http:
            headers = {"X-Api-Key": key["key"], "Prefer": "respond-async"}
            given = naming(f"http://127.0.0.1:{server.server_port}/c.mp4", row.id)
            started = await http.post(service.url + TOOL_PATH, json=given, headers=headers)
            assert started.status_code == 202, started.text
            await asyncio.to_thread(asked.wait, 30)
            assert (await found(url_of(service), row.id)).request_id is not None
            cancelled = await http.delete(started.json()["statusUrl"])
            assert cancelled.json()["error"]["code"] == "job_cancelled"
        released.set()
        server.shutdown()
    assert (await found(url_of(service), row.id)).request_id is None


async def test_job_that_is_cancelled_while_it_settles_keeps_the_challenge(
    start: Start, facilitator: Facilitator, host: str
) -> None:
    money = {"network": "base-sepolia", "pay_to": Account.create().address}
    remote = start(**money, facilitator_url=facilitator.url, rpc_url=f"{facilitator.url}/devchain/rpc")
    settling, released = threading.Event(), threading.Event()
    facilitator.after_settling = lambda: (settling.set(), released.wait(60))
    async with Buyer(remote.url) as buyer, httpx.AsyncClient(timeout=180) as http:
        facilitator.chain.mint(buyer.account.address, 10**6)
        row = await begun(url_of(remote), buyer.account.address)
        given = naming(host, row.id)
        facilitator.fault = "down"
        assert (await buy(buyer, given))[0] == 503
        facilitator.fault = ""
        headers = {"PAYMENT-SIGNATURE": buyer.signature, "Prefer": "respond-async"}
        started = await http.post(remote.url + TOOL_PATH, json=given, headers=headers)
        assert started.status_code == 202, started.text
        assert await asyncio.to_thread(settling.wait, 120)
        cancelled = (await http.delete(started.json()["statusUrl"])).json()
        assert (cancelled["status"], cancelled["stage"]) == ("working", "settling")
        released.set()
        async with http.stream("GET", f"{started.json()['statusUrl']}/events") as events:
            async for _ in events.aiter_lines():
                pass
        done = (await http.get(started.json()["statusUrl"])).json()
        assert done["status"] == "done", done
        stored = await found(url_of(remote), row.id)
        assert (stored.request_id, stored.lease_until, stored.answered) == (done["result"]["requestId"], None, False)
        status, refused = await buy(buyer, given)
        assert (status, refused["code"]) == (409, "challenge_used")
        assert facilitator.chain.balance(buyer.account.address) == 10**6 - PRICE


async def test_mcp_tool_answers_a_challenge(service: Service, host: str) -> None:
    key = made(service)
    row = await begun(url_of(service), f"key {key['id']}", bind="b")
    async with httpx2.AsyncClient(headers={"X-Api-Key": key["key"]}, timeout=180) as http:
        transport = streamable_http_client(f"{service.url}/mcp", http_client=http)
        async with Client(transport) as client:
            (tool,) = [each for each in (await client.list_tools()).tools if each.name == LIVENESS.tool_name]
            assert {"ChallengeId", "ChallengeBind"} < set(tool.input_schema["properties"])
            wrong = await client.call_tool(tool.name, naming(host, row.id))
            right = await client.call_tool(tool.name, naming(host, row.id, ChallengeBind="b", paymentToken=None))
            without = await client.call_tool(tool.name, naming(host, None, ChallengeBind=None))  # type: ignore[arg-type]
    assert (wrong.is_error, wrong.structured_content["code"]) == (True, "challenge_unknown")
    assert right.structured_content["data"]["Liveness"]["freshness"]["challenge_id"] == row.id, right
    assert "freshness" not in without.structured_content["data"]["Liveness"]


async def test_rpc_action_answers_a_challenge(service: Service, host: str) -> None:
    key = made(service)
    row = await begun(url_of(service), f"key {key['id']}")
    client = sdk(service, key, None)

    def detected(action: str, **form: str) -> Any:
        params = Params("DetectLivingFace" if action == "image" else "DetectVideoLivingFace", "2019-12-30")
        params.protocol, params.pathname, params.method = "HTTP", "/", "POST"
        params.auth_type, params.style, params.req_body_type, params.body_type = "AK", "RPC", "formData", "json"
        return client.call_api(params, OpenApiRequest(body=form), RuntimeOptions(read_timeout=180_000))

    found_it = await asyncio.to_thread(detected, "video", VideoUrl=host, ChallengeId=row.id)
    assert found_it["headers"]["x-alive402-freshness"] == "not_answered"
    assert set(found_it["body"]["Data"]) == {"Elements"}
    with pytest.raises(TeaException, match="challenge_used"):
        await asyncio.to_thread(detected, "video", VideoUrl=host, ChallengeId=row.id)
    with pytest.raises(TeaException, match="checks no challenges"):
        await asyncio.to_thread(detected, "image", **{"Tasks.1.ImageURL": host, "ChallengeId": row.id})


async def test_rendered_answer_is_answered_and_signed(service: Service, tmp_path: Path) -> None:
    key = made(service)
    row = await begun(url_of(service), f"key {key['id']}", bind="session 17")
    change(service, row.id, answer_by=600)
    film = await asyncio.to_thread(lambda: list(answer_frames(row.drawn(), Take(SIZE, RATE, seed=1))))
    await asyncio.to_thread(write_frames, film, tmp_path / "answer.mp4", RATE, CRF)
    with serve_files(tmp_path) as base:
        async with httpx.AsyncClient(timeout=180, headers={"X-Api-Key": key["key"]}) as http:
            given = naming(f"{base}/answer.mp4", row.id, ChallengeBind="session 17")
            answer = await http.post(service.url + TOOL_PATH, json=given)
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert [step["status"] for step in data["Liveness"]["freshness"]["steps"]] == ["done"] * 5
    claim = jwt.decode(data["Receipt"], options={"verify_signature": False})["freshness"]
    assert (claim["status"], claim["nonce"], claim["bindSha256"]) == ("answered", row.nonce, sha256_of("session 17"))
    stored = await found(url_of(service), row.id)
    assert (stored.request_id, stored.answered) == (answer.json()["requestId"], True)
