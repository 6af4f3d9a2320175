"""Tests of the operator's page and its JSON: access, sessions, and correct figures."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from eth_account import Account

from alive402.demo import Buyer
from alive402.http.ops.access import COOKIE, OpsAccess
from alive402.payments.keys import Scope
from alive402.storage import utc_now
from tests.http.conftest import Service, Start
from tests.http.facilitators import running_facilitator
from tests.http.prepaying import paid

pytestmark = pytest.mark.anyio
SUMMARY = "/api/ops/summary"


@pytest.fixture(scope="module")
def own_service(start: Start) -> Service:
    """A service that only this file calls."""
    return start()


async def key(service: Service, *scopes: Scope) -> str:
    return (await service.parts.registry.ledger_services.keys.create("tests", scopes))[1]


async def got(service: Service, path: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient() as http:
        return await http.get(service.url + path, headers={name.replace("_", "-"): it for name, it in headers.items()})


async def test_figures_equal_the_calls_made(own_service: Service, videos: str) -> None:
    async with Buyer(own_service.url) as buyer:
        await buyer.fund()
        bought = await buyer.pay(f"{videos}/face.mp4")
        again = await buyer.send(f"{videos}/face.mp4", buyer.signature)
        failed = await buyer.pay(f"{videos}/none.mp4")
        ahead = await paid(buyer, 5)
        used = await buyer.spend(f"{videos}/attack.mp4", ahead["token"])
    assert [each.status_code for each in (bought, again, failed, used)] == [200, 200, 424, 200]
    told = (await got(own_service, SUMMARY, X_Api_Key=await key(own_service, Scope.OPS))).json()
    verdicts = [each.json()["data"]["Liveness"]["verdict"] for each in (bought, used)]
    now = told["calls"]["intervals"][-1]
    assert {name: now["kinds"].get(name) for name in ("answered", "repeated", "unusable")} == {
        "answered": 2, "repeated": 1, "unusable": 1,
    }  # fmt: skip
    assert now["verdicts"] == {verdict: verdicts.count(verdict) for verdict in verdicts}
    assert (told["calls"]["workedOn"], told["calls"]["answered"], told["calls"]["faults"]) == (3, 2, 0)
    assert told["calls"]["failures"] == [{"code": "upstream_status", "kind": "unusable", "calls": 1}]
    assert told["latency"]["answered"] == 2
    assert 0 < told["latency"]["p50"] <= told["latency"]["p90"] <= told["latency"]["p99"]
    (day,) = told["income"]
    assert (day["payments"], day["income"], day["refunded"]) == (2, 200_000 + 1_000_000, 0)
    assert [each["amount"] for each in told["settlements"]] == [1_000_000, 200_000]
    assert told["settlements"][1]["requestId"] == bought.json()["requestId"]
    assert told["outstanding"] == [
        {"serviceId": "video-face-liveness-detection", "prepayments": 1, "calls": 4, "worth": 800_000}
    ]
    assert told["openCases"] == {"count": 0, "cases": []}
    assert told["queue"]["analysis"] == {"capacity": 2, "inUse": 0, "waiting": 0}
    assert told["health"]["networks"] == [{"network": "eip155:84532", "facilitator": True, "chain": True}]
    assert (told["payments"]["consumed"], told["payments"]["released"]) == (2, 1)
    # Whoever watches a business has no need of its customers' addresses.
    assert buyer.account.address.lower() not in str(told).lower()


@pytest.mark.parametrize(("span", "count"), [("24h", 24), ("7d", 7), ("90d", 90)])
async def test_each_chart_has_a_table_of_its_figures(own_service: Service, span: str, count: int) -> None:
    ops = await key(own_service, Scope.OPS)
    told = (await got(own_service, f"{SUMMARY}?range={span}", X_Api_Key=ops)).json()
    page = await got(own_service, f"/ops?range={span}", Authorization=f"Bearer {ops}")
    assert (told["range"], len(told["calls"]["intervals"]), page.status_code) == (span, count, 200)
    for plot in ("calls", "verdicts"):
        drawing = re.search(rf'<svg class="bars {plot}".*?</svg>', page.text, re.DOTALL)
        assert drawing is not None
        assert drawing[0].count("<title>") == count
        assert 'role="img"' in drawing[0]
    rows = [int(words) for words in re.findall(r'<th scope="row">20[^<]*</th><td>(\d+)</td>', page.text)]
    assert len(rows) >= 2 * count
    assert rows[:count] == [each["kinds"].get("answered", 0) for each in told["calls"]["intervals"]]
    assert page.headers["Cache-Control"] == "no-store"
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert "<script" not in page.text
    assert " style=" not in page.text


async def test_access_requires_the_ops_scope(own_service: Service) -> None:
    wrong = await key(own_service, Scope.CALL, Scope.LEDGER)
    for path in (SUMMARY, "/ops"):
        forbidden = await got(own_service, path, X_Api_Key=wrong)
        assert (forbidden.status_code, forbidden.json()["code"]) == (403, "api_key_forbidden")
        assert forbidden.json()["details"] == {"scope": "ops"}
        unknown = await got(own_service, path, Authorization="Bearer ak_none")
        assert (unknown.status_code, unknown.json()["code"]) == (401, "api_key_refused")
        long = await got(own_service, path, X_Api_Key="k" * 129)
        assert (long.status_code, long.json()["code"]) == (401, "api_key_refused")
    nobody = await got(own_service, SUMMARY)
    assert (nobody.status_code, nobody.json()["code"]) == (401, "ops_key_missing")
    assert nobody.headers["WWW-Authenticate"] == "Bearer"
    odd = await got(own_service, f"{SUMMARY}?range=1y", X_Api_Key=await key(own_service, Scope.OPS))
    assert (odd.status_code, odd.json()["code"]) == (400, "invalid_input")


async def test_browser_session_does_not_hold_the_key(own_service: Service) -> None:
    ops = await key(own_service, Scope.OPS)
    async with httpx.AsyncClient(base_url=own_service.url) as http:
        form = await http.get("/ops")
        assert (form.status_code, form.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert 'type="password"' in form.text
        assert "form-action 'self'" in form.headers["Content-Security-Policy"]
        entered = await http.post("/ops/sign-in", data={"key": ops}, headers={"Sec-Fetch-Site": "same-origin"})
        assert (entered.status_code, entered.headers["Location"]) == (303, f"{own_service.url}/ops")
        cookie = entered.headers["Set-Cookie"]
        assert {"HttpOnly", "SameSite=strict", "Path=/ops"} <= {part.strip() for part in cookie.split(";")}
        assert "Max-Age=3600" in cookie
        assert ops not in cookie
        page = await http.get("/ops?range=7d")
        assert (page.status_code, "Sign out" in page.text) == (200, True)
        # The cookie opens the page alone: an API that took it could be called by any page that a browser has open.
        api = await http.get(SUMMARY, headers={"Cookie": f"{COOKIE}={http.cookies[COOKIE]}"})
        assert api.status_code == 401
        left = await http.post("/ops/sign-out", headers={"Sec-Fetch-Site": "same-origin"})
        assert (left.status_code, COOKIE in http.cookies) == (303, False)
        assert (await http.get("/ops")).status_code == 401


async def test_sign_in_form_reports_a_wrong_key(own_service: Service) -> None:
    async with httpx.AsyncClient(base_url=own_service.url) as http:
        for given, status in (("nonsense", 401), ("", 401), (await key(own_service, Scope.CALL), 403)):
            answer = await http.post("/ops/sign-in", data={"key": given})
            assert (answer.status_code, 'role="alert"' in answer.text) == (status, True)
            assert "Set-Cookie" not in answer.headers
        huge = await http.post("/ops/sign-in", content=b"key=" + b"k" * 20_000)
        assert (huge.status_code, huge.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
    ],
)
async def test_forms_of_other_sites_are_refused(own_service: Service, headers: dict[str, str]) -> None:
    ops = await key(own_service, Scope.OPS)
    async with httpx.AsyncClient(base_url=own_service.url) as http:
        for path in ("/ops/sign-in", "/ops/sign-out"):
            refused = await http.post(path, data={"key": ops}, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (403, "cross_site")
            assert "Set-Cookie" not in refused.headers


async def test_session_ends_on_expiry_revocation_and_bad_signature(own_service: Service) -> None:
    books = own_service.parts.registry.ledger_services
    row, _ = await books.keys.create("tests", [Scope.OPS])
    other, _ = await books.keys.create("tests", [Scope.CALL])

    def access(back: timedelta) -> OpsAccess:
        return OpsAccess(
            books.keys, books.verdicts.keys, timedelta(minutes=60), books.guesses, lambda: utc_now() - back
        )

    good = access(timedelta()).session(row.id)

    async def status(cookie: str) -> int:
        return (await got(own_service, "/ops", Cookie=f"{COOKIE}={cookie}")).status_code

    assert await status(good) == 200
    assert await status(access(timedelta(minutes=61)).session(row.id)) == 401
    assert await status(access(timedelta()).session(other.id)) == 403
    assert await status(access(timedelta()).session("key_none")) == 401
    head, claims, signature = good.split(".")
    assert await status(f"{head}.{claims}.{signature[:-4]}AAAA") == 401
    await books.keys.revoke(row.id)
    assert await status(good) == 401


async def test_public_documents_omit_the_ops_page(own_service: Service) -> None:
    for path in ("/", "/sitemap.xml", "/robots.txt", "/openapi.json", "/llms.txt", "/.well-known/server402.json"):
        text = (await got(own_service, path)).text
        assert "/ops" not in text, path
        assert "/metrics" not in text, path


async def test_unresolved_payment_is_shown(start: Start, videos: str) -> None:
    """A payment of unknown settlement is on the page until the reconciler resolves it."""
    with running_facilitator() as facilitator:
        remote = start(
            network="base-sepolia",
            pay_to=Account.create().address,
            facilitator_url=facilitator.url,
            rpc_url=f"{facilitator.url}/devchain/rpc",
            reconcile_seconds=3600,
        )
        async with Buyer(remote.url) as buyer:
            facilitator.chain.mint(buyer.account.address, 10**6)
            facilitator.fault = "silent"
            refused = await buyer.pay(f"{videos}/face.mp4")
        assert (refused.status_code, refused.json()["code"]) == (503, "settlement_unknown")
        told = (await got(remote, SUMMARY, X_Api_Key=await key(remote, Scope.OPS))).json()
        (case,) = told["openCases"]["cases"]
        assert (told["openCases"]["count"], case["state"], case["amount"]) == (1, "settle_unknown", 200_000)
        assert case["requestId"] == refused.json()["requestId"]
        page = await got(remote, "/ops", X_Api_Key=await key(remote, Scope.OPS))
        assert case["paymentId"] in page.text
