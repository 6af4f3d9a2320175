"""Tests of uploads: free for anyone who can pay, usable on every API, then deleted."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from alive402.demo import TOOL_PATH, Buyer, Clips
from alive402.payments.keys import Scope
from tests.http.conftest import Service, Start
from tests.http.prepaying import paid

pytestmark = pytest.mark.anyio
UPLOADS = "/api/uploads"
RAW = {"Content-Type": "video/mp4"}


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="module")
def own_service(start: Start, media: Path) -> Service:
    """A service that fetches no private addresses; an upload is not fetched."""
    return start(media_directory=media, allow_private_hosts=False, max_video_bytes=3_000_000)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=60) as client:
        yield client


@pytest.fixture
async def key(own_service: Service) -> dict[str, str]:
    _, key = await own_service.parts.registry.ledger_services.keys.create("tests", [Scope.CALL])
    return {"X-Api-Key": key}


def left_in(media: Path) -> list[Path]:
    return list(media.rglob("*.video"))


async def until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not so():  # noqa: ASYNC110  another thread's doing
            await asyncio.sleep(0.01)


async def put(own_service: Service, http: httpx.AsyncClient, content: Any, **headers: str) -> httpx.Response:
    return await http.post(own_service.url + UPLOADS, content=content, headers={**RAW, **headers})


async def signed(buyer: Buyer) -> dict[str, str]:
    """A signature whose one call has failed, so that it is unused."""
    await buyer.fund()
    refused = await buyer.pay("http://127.0.0.1/none.mp4")
    assert refused.status_code == 403
    return {"PAYMENT-SIGNATURE": buyer.signature}


async def test_unpaid_upload_asks_for_the_tools_price(own_service: Service, http: httpx.AsyncClient) -> None:
    asked = await http.post(own_service.url + UPLOADS)
    tool = await http.post(own_service.url + TOOL_PATH)
    assert (asked.status_code, asked.json() | {"requestId": ""}) == (402, tool.json() | {"requestId": ""})
    assert asked.headers["PAYMENT-REQUIRED"] == tool.headers["PAYMENT-REQUIRED"]
    assert (await put(own_service, http, b"x" * 100_000)).status_code == 402
    unknown = await http.post(own_service.url + UPLOADS, params={"service": "none"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_service")


async def test_one_signature_admits_the_upload_and_pays_the_call(
    own_service: Service, http: httpx.AsyncClient, clips: Clips, media: Path
) -> None:
    content = clips.bona_fide.read_bytes()
    async with Buyer(own_service.url) as buyer:
        signature = await signed(buyer)
        before = await buyer.balance(own_service.parts.terms.asset)
        made = await put(own_service, http, content, **signature)
        told = made.json()
        assert made.status_code == 201, made.text
        assert set(told) == {"uploadId", "url", "bytes", "sha256", "expiresAt"}
        assert (told["bytes"], told["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert told["url"] == f"{own_service.url}{UPLOADS}/{told['uploadId']}" == made.headers["Location"]
        assert (await http.get(told["url"])).json() == {**told, "used": False}
        assert await buyer.balance(own_service.parts.terms.asset) == before
        answer = await buyer.send(told["url"], buyer.signature)
        assert answer.status_code == 200, answer.text
        assert answer.json()["data"]["Liveness"]["video"]["sha256"] == told["sha256"]
        assert await buyer.balance(own_service.parts.terms.asset) == before - 200_000
        assert (await http.get(told["url"])).json()["used"] is True
        assert not left_in(media)
        # What was bought is given again, though the file is gone; anything new with it is not.
        again = await buyer.send(told["url"], buyer.signature)
        assert (again.status_code, again.json()) == (200, answer.json())
        spent = await put(own_service, http, content, **signature)
        assert (spent.status_code, spent.json()["code"]) == (409, "payment_spent")


async def test_token_and_key_admit_uploads(
    own_service: Service, http: httpx.AsyncClient, clips: Clips, key: dict[str, str], media: Path
) -> None:
    content = clips.bona_fide.read_bytes()
    async with Buyer(own_service.url) as buyer:
        token = {"X-Payment-Token": (await paid(buyer, 1))["token"]}
    for paying in (token, key):
        form = await http.post(own_service.url + UPLOADS, files={"file": ("my face.mp4", content)}, headers=paying)
        assert form.status_code == 201, form.text
        assert form.json()["sha256"] == hashlib.sha256(content).hexdigest()
        answer = await http.post(own_service.url + TOOL_PATH, json={"VideoUrl": form.json()["url"]}, headers=paying)
        assert answer.status_code == 200, answer.text
    exhausted = await put(own_service, http, content, **token)
    assert (exhausted.status_code, exhausted.json()["code"]) == (402, "token_exhausted")
    assert not left_in(media)


async def test_mcp_accepts_an_upload_url(
    own_service: Service, http: httpx.AsyncClient, clips: Clips, key: dict[str, str]
) -> None:
    made = await put(own_service, http, clips.attack.read_bytes(), **key)
    call = {"name": "video_face_liveness_detection", "arguments": {"VideoUrl": made.json()["url"]}}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    headers = {**key, "Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
    opened = await http.post(
        f"{own_service.url}/mcp",
        json={
            "jsonrpc": "2.0",
            "id": 0,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            },
        },
        headers=headers,
    )
    headers["Mcp-Session-Id"] = opened.headers.get("mcp-session-id", "")
    await http.post(
        f"{own_service.url}/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"}, headers=headers
    )
    answer = await http.post(f"{own_service.url}/mcp", json=asked, headers=headers)
    assert '"verdict"' in answer.text, answer.text
    assert (await http.get(made.json()["url"])).json()["used"] is True


async def test_unusable_upload_is_deleted_and_free(own_service: Service, http: httpx.AsyncClient, media: Path) -> None:
    async with Buyer(own_service.url) as buyer:
        signature = await signed(buyer)
        made = await put(own_service, http, b"no video at all", **signature)
        refused = await buyer.send(made.json()["url"], buyer.signature)
        assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_video")
        assert not left_in(media)
        gone = await buyer.send(made.json()["url"], buyer.signature)
        assert (gone.status_code, gone.json()["code"], gone.json()["charged"]) == (410, "upload_gone", False)
    assert own_service.histories()[-1][-1] == "released"


async def test_deleted_upload_is_unknown(
    own_service: Service, http: httpx.AsyncClient, key: dict[str, str], media: Path
) -> None:
    made = (await put(own_service, http, b"x", **key)).json()
    assert (await http.delete(made["url"])).status_code == 204
    assert not left_in(media)
    for answer in (
        await http.get(made["url"]),
        await http.delete(made["url"]),
        await http.get(f"{own_service.url}{UPLOADS}/none"),
        await http.post(own_service.url + TOOL_PATH, json={"VideoUrl": made["url"]}, headers=key),
    ):
        assert (answer.status_code, answer.json()["code"]) == (410, "upload_gone")


async def test_upload_path_on_another_host_is_fetched(
    own_service: Service, http: httpx.AsyncClient, key: dict[str, str]
) -> None:
    url = f"http://127.0.0.1:1{UPLOADS}/{'A' * 43}"
    refused = await http.post(own_service.url + TOOL_PATH, json={"VideoUrl": url}, headers=key)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_url")


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"", "video/mp4", 400, "upload_empty"),
        (b"x", "application/x-www-form-urlencoded", 415, "upload_type_refused"),
        (b"x" * 3_000_001, "video/mp4", 413, "video_too_large"),
        (b"x", "multipart/form-data", 400, "upload_malformed"),
        (b"x", "multipart/form-data; boundary=b", 400, "upload_malformed"),
        (b"--b\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=c", 400, "upload_malformed"),
        (b"--b--\r\n", "multipart/form-data; boundary=b", 400, "upload_malformed"),
        (
            b'--b\r\nContent-Disposition: form-data; name="other"\r\n\r\nx\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
            400,
            "upload_malformed",
        ),
        (
            2 * b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n' + b"--b--\r\n",
            "multipart/form-data; boundary=b",
            400,
            "upload_malformed",
        ),
        (
            b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx',
            "multipart/form-data; boundary=b",
            400,
            "upload_malformed",
        ),
    ],
)
async def test_invalid_upload_is_refused_and_leaves_no_file(
    own_service: Service,
    http: httpx.AsyncClient,
    key: dict[str, str],
    media: Path,
    content: bytes,
    kind: str,
    status: int,
    code: str,
) -> None:
    async def streamed() -> AsyncIterator[bytes]:
        yield content

    for body in (content, streamed()):
        refused = await put(own_service, http, body, **{**key, "Content-Type": kind})
        assert (refused.status_code, refused.json()["code"], refused.json()["charged"]) == (status, code, False)
    assert not left_in(media)


async def test_uploads_per_payer_are_limited(own_service: Service, http: httpx.AsyncClient, media: Path) -> None:
    async with Buyer(own_service.url) as buyer:
        signature = await signed(buyer)
        made = [await put(own_service, http, b"x", **signature) for _ in range(3)]
        fourth = await put(own_service, http, b"x", **signature)
        assert (fourth.status_code, fourth.json()["code"]) == (429, "too_many_uploads")
        assert int(fourth.headers["Retry-After"]) > 0
        await http.delete(made[0].json()["url"])
        assert (await put(own_service, http, b"x", **signature)).status_code == 201
    for path in left_in(media):
        await http.delete(f"{own_service.url}{UPLOADS}/{path.stem}")


async def test_disconnected_upload_leaves_no_file(
    own_service: Service, http: httpx.AsyncClient, key: dict[str, str], media: Path
) -> None:
    host = urlsplit(own_service.url)
    with socket.create_connection((str(host.hostname), int(host.port or 0))) as line:
        head = f"POST {UPLOADS} HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\nContent-Length: 90000\r\n"
        line.sendall(f"{head}X-Api-Key: {key['X-Api-Key']}\r\n\r\n".encode() + b"x" * 100)
        await until(lambda: bool(left_in(media)))
    await until(lambda: not left_in(media))


async def test_slow_sender_is_cut_off(start: Start) -> None:
    own_service = start(upload_receive_seconds=0.05)
    _, key = await own_service.parts.registry.ledger_services.keys.create("tests", [Scope.CALL])
    host = urlsplit(own_service.url)
    reader, writer = await asyncio.open_connection(host.hostname, host.port)
    head = f"POST {UPLOADS} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: video/mp4\r\n"
    writer.write(f"{head}Content-Length: 90000\r\nX-Api-Key: {key}\r\n\r\n".encode() + b"x" * 100)
    said = (await reader.read()).decode()
    assert "HTTP/1.1 408" in said
    assert "upload_too_slow" in said
    writer.close()
