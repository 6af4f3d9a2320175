"""Tests of guesses: each door that reads a token, a key or a secret counts the wrong ones by address, by one rule."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx
import pytest
from mcp import Client
from x402.http.utils import encode_payment_signature_header

from alive402.catalog import LIVENESS
from alive402.demo import TOOL_PATH, Buyer
from alive402.payments.keys import Scope
from tests.http.access_keys import V3, made
from tests.http.alibaba.test_signatures import signed
from tests.http.conftest import Service, Start
from tests.http.prepaying import paid
from tests.payments.x402.schemes.exact_evm.test_scheme import payload

pytestmark = pytest.mark.anyio
MOST = 3
WRONG = "pt_" + "x" * 43
SECRET, PAY = "s" * 20, {"X-Client-Secret": "t" * 20}
METRICS_TOKEN = "m" * 20
Door = Callable[[httpx.AsyncClient, dict[str, str]], Awaitable[httpx.Response]]


def call(headers: dict[str, str], **more: str) -> Door:
    return lambda http, given: http.post(
        TOOL_PATH, json={"VideoUrl": "https://a.example/"}, headers={**headers, **more, **given}
    )


def upload(headers: dict[str, str]) -> Door:
    return lambda http, given: http.post(
        "/api/uploads", content=b"x", headers={"Content-Type": "video/mp4", **headers, **given}
    )


def get(path: str) -> Door:
    return lambda http, given: http.get(path, headers={"X-Api-Key": WRONG, **given})


def erase(headers: dict[str, str]) -> Door:
    return lambda http, given: http.delete(f"/api/calls/{'a' * 32}", headers={**headers, **given})


async def sign_in(http: httpx.AsyncClient, given: dict[str, str]) -> httpx.Response:
    return await http.post("/ops/sign-in", data={"key": WRONG}, headers=given)


async def pay(http: httpx.AsyncClient, given: dict[str, str]) -> httpx.Response:
    asked = {"serviceId": "video-face-liveness-detection", "clientSecret": SECRET}
    payment = (await http.post("/api/payments", json=asked, headers=given)).json()
    return await http.post(f"/api/payments/{payment['paymentId']}/pay", headers={**PAY, **given})


# The payment is for terms that the service never had, so that it cannot pay either.
UNFIT = {"PAYMENT-SIGNATURE": encode_payment_signature_header(payload())}
TOKEN, KEY, BEARER = {"X-Payment-Token": WRONG}, {"X-Api-Key": WRONG}, {"Authorization": f"Bearer {WRONG}"}
DOORS: dict[str, tuple[Door, int]] = {
    "token": (call(TOKEN), 402),
    "key": (call(KEY), 401),
    "bearer": (call(BEARER), 401),
    "job by token": (call(TOKEN, Prefer="respond-async"), 402),
    "token beside a payment": (call({**TOKEN, **UNFIT}), 402),
    "upload by token beside a payment": (upload({**TOKEN, **UNFIT}), 402),
    "upload by token": (upload(TOKEN), 402),
    "upload by key": (upload(KEY), 401),
    "erasure by token": (erase(TOKEN), 404),
    "erasure by key": (erase(KEY), 401),
    "client secret": (pay, 402),
    "summary": (get("/api/ops/summary"), 401),
    "page": (get("/ops"), 401),
    "metrics": (get("/metrics"), 401),
    "sign-in": (sign_in, 401),
}


@pytest.fixture(scope="module")
def strict(start: Start) -> Service:
    return start(
        credential_guesses_per_address=f"{MOST}/hour",
        trusted_proxies=["127.0.0.0/8"],
        metrics_token=METRICS_TOKEN,
        new_payments_per_address="1000/hour",
    )


def at(place: int) -> dict[str, str]:
    """The headers by which a trusted proxy names an address."""
    return {"X-Forwarded-For": f"203.0.113.{place}"}


def limited(answer: httpx.Response) -> bool:
    return answer.status_code == 429 and 1 <= int(answer.headers["Retry-After"]) <= 3600


@pytest.mark.parametrize("name", DOORS)
async def test_wrong_credential_is_limited_by_address(strict: Service, name: str) -> None:
    (door, status), here = DOORS[name], at(10 + 2 * list(DOORS).index(name))
    async with httpx.AsyncClient(base_url=strict.url) as http:
        seen = [await door(http, here) for _ in range(MOST + 2)]
        assert [each.status_code for each in seen[:MOST]] == [status] * MOST, seen[0].text
        assert all(limited(each) for each in seen[MOST:])
        if seen[-1].headers["Content-Type"] == "application/json":
            assert (seen[-1].json()["code"], seen[-1].json()["charged"]) == ("too_many_guesses", False)
        elsewhere = await door(http, at(11 + 2 * list(DOORS).index(name)))
        assert elsewhere.status_code == status


async def test_one_count_holds_for_all_doors_and_hides_a_correct_credential(strict: Service) -> None:
    keys = strict.parts.registry.ledger_services.keys
    right = (await keys.create("tests", [Scope.OPS]))[1]
    async with httpx.AsyncClient(base_url=strict.url) as http:
        for name in ("token", "summary", "sign-in"):
            assert (await DOORS[name][0](http, at(1))).status_code == DOORS[name][1]
        for headers in ({"X-Api-Key": right}, {"Authorization": f"Bearer {METRICS_TOKEN}"}):
            assert limited(await http.get("/metrics", headers={**headers, **at(1)}))
            assert (await http.get("/metrics", headers={**headers, **at(2)})).status_code == 200
        # What needs no credential goes on.
        assert (await http.post(TOOL_PATH, json={}, headers=at(1))).status_code == 402
        assert (await http.get("/ops", headers=at(1))).status_code == 401


async def test_correct_token_pays_from_another_address(strict: Service, videos: str) -> None:
    async with Buyer(strict.url) as buyer, httpx.AsyncClient(base_url=strict.url, timeout=180) as http:
        await buyer.fund()
        token = {"X-Payment-Token": (await paid(buyer, 2))["token"]}
        for _ in range(MOST):
            assert (await call(TOKEN)(http, at(3))).status_code == 402
        request = {"VideoUrl": f"{videos}/face.mp4"}
        assert limited(await http.post(TOOL_PATH, json=request, headers={**token, **at(3)}))
        assert (await http.post(TOOL_PATH, json=request, headers={**token, **at(4)})).status_code == 200


def test_wrong_signature_for_alibabas_sdk_is_limited(strict: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    key = made(strict)
    for wrong, code in (
        ({**key, "key": "another"}, "InvalidAccessKeySecret"),
        ({**key, "accessKeyId": "AK0"}, "InvalidAccessKeyId.NotFound"),
    ):
        place = at(5 if code == "InvalidAccessKeySecret" else 6)
        seen = []
        for _ in range(MOST + 1):
            sent = signed(strict, wrong, V3, monkeypatch)
            headers = {**sent.headers, **place}
            with httpx.Client() as http:
                seen.append(
                    http.request(sent.method, f"{strict.url}/?{sent.query}", headers=headers, content=sent.body)
                )
        assert [each.json()["Code"] for each in seen] == [code] * MOST + ["Throttling"]
        assert int(seen[-1].headers["Retry-After"]) >= 1
        assert seen[-1].json()["Message"].startswith("too_many_guesses")


async def test_wrong_token_of_an_mcp_tool_is_limited(strict: Service) -> None:
    async with Client(f"{strict.url}/mcp", read_timeout_seconds=60) as client:
        arguments = {"VideoUrl": "https://a.example/v.mp4", "paymentToken": WRONG}
        seen = [await client.call_tool(LIVENESS.tool_name, arguments) for _ in range(MOST + 1)]
    told = [dict(each.structured_content or {}) for each in seen]
    assert [each["code"] for each in told] == ["token_unknown"] * MOST + ["too_many_guesses"]
    assert told[-1]["retryAfter"] >= 1
