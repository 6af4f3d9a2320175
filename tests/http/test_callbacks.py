"""Tests of job callbacks: signed with their own secret; invalid callback URLs are refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from alive402.demo import TOOL_PATH
from tests.http.conftest import Service, Start
from tests.http.routes.test_jobs import ask, key_of
from tests.receivers import Called, called_back

pytestmark = pytest.mark.anyio


@pytest.fixture
def called() -> Iterator[Called]:
    with called_back() as made:
        yield made


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def closed(start: Start) -> Service:
    """A service that posts to no private addresses."""
    return start(allow_private_hosts=False)


async def told(called: Called) -> tuple[dict[str, str], bytes]:
    return await asyncio.to_thread(called.heard.get, timeout=30)


@pytest.mark.parametrize(("video", "status"), [("face.mp4", "done"), ("empty.mp4", "failed")])
async def test_callback_body_equals_the_job(
    service: Service, http: httpx.AsyncClient, videos: str, called: Called, video: str, status: str
) -> None:
    key = await key_of(service)
    made = await ask(service, http, f"{videos}/{video}", **key, **{"X-Callback-Url": called.url})
    assert made.status_code == 202, made.text
    secret = made.json()["callbackSecret"]
    headers, body = await told(called)
    assert Webhook(secret).verify(body, headers) == json.loads(body)
    job = await http.get(made.json()["statusUrl"])
    assert json.loads(body) == job.json()
    assert job.json()["status"] == status
    assert "callbackSecret" not in job.json()
    other = (await ask(service, http, f"{videos}/{video}", **key, **{"X-Callback-Url": called.url})).json()
    assert other["callbackSecret"] != secret
    with pytest.raises(WebhookVerificationError):
        Webhook(other["callbackSecret"]).verify(body, headers)
    await told(called)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://example.com/x", "invalid_url"),
        ("http://user:secret@example.com/x", "invalid_url"),
        ("nonsense", "invalid_url"),
        ("http://example.com:22/x", "invalid_url"),
        ("http://" + "a" * 3000, "invalid_url"),
        ("http://127.0.0.1/x", "forbidden_address"),
        ("http://[::1]/x", "forbidden_address"),
        ("http://169.254.169.254/latest", "forbidden_address"),
        ("http://0x7f000001/x", "forbidden_address"),
        ("https://localhost/x", "forbidden_address"),
    ],
)
async def test_bad_callback_url_is_refused_before_reservation(
    closed: Service, http: httpx.AsyncClient, url: str, reason: str
) -> None:
    headers = await key_of(closed)
    refused = await ask(closed, http, "http://example.com/v.mp4", **headers, **{"X-Callback-Url": url})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_callback")
    assert refused.json()["details"] == {"reason": reason}
    # Who does not pay learns nothing of a name: it is looked up for payers.
    unpaid = await ask(closed, http, "http://example.com/v.mp4", **{"X-Callback-Url": url})
    assert unpaid.status_code == (400 if reason == "invalid_url" else 402)
    # Who waits for the answer needs no callback, so none is read.
    plain = await http.post(closed.url + TOOL_PATH, headers={"X-Callback-Url": url})
    assert plain.status_code == 402
