"""Tests of payment by MPP's `Payment` scheme, with credentials made by hand."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from eth_account import Account
from web3 import Web3

from alive402.catalog import IMAGE_LIVENESS, LIVENESS
from alive402.demo import TOOL_PATH, Buyer, Clips
from alive402.demo.buyer import SECONDS
from tests.http.conftest import Service, Start
from tests.http.facilitators import Facilitator
from tests.http.mpp import challenges, credential, packed, paying, signed, unpacked
from tests.http.required import header_of
from tests.http.test_networks import AVALANCHE, accepted, avalanche, base, both, sepolia

__all__ = ["avalanche", "base", "sepolia"]
pytestmark = pytest.mark.anyio
PRICE = 200_000


def post(service: Service) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=service.url, timeout=SECONDS, trust_env=False)


async def test_402_carries_a_challenge(service: Service) -> None:
    async with post(service) as http:
        asked = await http.post(TOOL_PATH)
        old = await http.post(f"{TOOL_PATH}?x402Version=1")
    (challenge,) = challenges(asked.headers["WWW-Authenticate"])
    terms = header_of(asked)["accepts"][0]
    assert challenge.keys() == {"id", "realm", "method", "intent", "request", "expires"}
    assert (challenge["method"], challenge["intent"]) == ("evm", "charge")
    assert challenge["realm"] == service.url.removeprefix("http://")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", challenge["expires"])
    assert unpacked(challenge["request"]) == {
        "amount": str(PRICE),
        "currency": terms["asset"],
        "methodDetails": {"chainId": 84532, "credentialTypes": ["authorization"]},
        "recipient": Web3.to_checksum_address(terms["payTo"]),
    }
    assert "Payment-Receipt" in asked.headers["Access-Control-Expose-Headers"]
    assert "WWW-Authenticate" in asked.headers["Access-Control-Expose-Headers"]
    assert "WWW-Authenticate" not in old.headers


async def test_credential_pays_once(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer, post(service) as http:
        await buyer.fund()
        body = {"VideoUrl": f"{videos}/face.mp4"}
        asked = await http.post(TOOL_PATH, json=body)
        headers = paying(buyer.account, asked.headers["WWW-Authenticate"])
        bought = await http.post(TOOL_PATH, json=body, headers=headers)
        assert bought.status_code == 200, bought.text
        receipt = unpacked(bought.headers["Payment-Receipt"])
        assert receipt.keys() == {"method", "reference", "status", "timestamp"}
        assert (receipt["method"], receipt["status"]) == ("evm", "success")
        assert (await buyer.rpc("eth_getTransactionReceipt", [receipt["reference"]]))["status"] == "0x1"
        # The same credential at the other path of the service, and with another body.
        again = await http.post(LIVENESS.paths[1], json=body, headers=headers)
        other = await http.post(TOOL_PATH, json={"VideoUrl": f"{videos}/attack.mp4"}, headers=headers)
        assert (again.status_code, again.text) == (200, bought.text)
        assert (other.status_code, other.json()["code"]) == (409, "payment_spent")
        assert await buyer.balance(service.parts.terms.asset) == 5_000_000 - PRICE


async def test_both_forms_of_one_payment_charge_once(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer, post(service) as http:
        await buyer.fund()
        body = {"VideoUrl": f"{videos}/face.mp4"}
        asked = await http.post(TOOL_PATH, json=body)
        (challenge,) = challenges(asked.headers["WWW-Authenticate"])
        payload = signed(buyer.account, challenge)
        authorization = {name: payload[name] for name in payload if name not in ("type", "signature")}
        x402 = {
            "x402Version": 2,
            "accepted": header_of(asked)["accepts"][0],
            "payload": {"signature": payload["signature"], "authorization": authorization},
        }
        both = {"Authorization": credential(challenge, payload), "PAYMENT-SIGNATURE": packed(x402) + "=="}
        refused = await http.post(TOOL_PATH, json=body, headers=both)
        assert (refused.status_code, refused.json()["code"]) == (400, "header_repeated")
        one, two = [await http.post(TOOL_PATH, json=body, headers={name: value}) for name, value in both.items()]
        assert (one.status_code, two.status_code) == (200, 200), one.text + two.text
        assert one.text == two.text
        assert await buyer.balance(service.parts.terms.asset) == 5_000_000 - PRICE


async def test_hundred_copies_of_a_credential_are_one_charge(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer, post(service) as http:
        await buyer.fund()
        body = {"VideoUrl": f"{videos}/face.mp4"}
        headers = paying(buyer.account, (await http.post(TOOL_PATH)).headers["WWW-Authenticate"])
        answers = await asyncio.gather(*[http.post(TOOL_PATH, json=body, headers=headers) for _ in range(100)])
        assert {each.status_code for each in answers} <= {200, 409}
        assert len({each.text for each in answers if each.status_code == 200}) == 1
        assert await buyer.balance(service.parts.terms.asset) == 5_000_000 - PRICE


@pytest.mark.parametrize(
    "sent",
    ["", "!", "e30", packed([]), packed({"challenge": {}, "payload": {}}), packed({"challenge": 1}), "[" * 4_000, "é"],
)
async def test_malformed_credential_gets_a_new_challenge(service: Service, sent: str) -> None:
    async with post(service) as http:
        body = {"VideoUrl": "https://example.com/video.mp4"}
        headers = {"Authorization": f"Payment {sent}".strip().encode()}
        refused = await http.post(TOOL_PATH, json=body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (402, "payment_invalid"), refused.text
    assert refused.json()["details"] == {"reason": "credential"}
    assert len(challenges(refused.headers["WWW-Authenticate"])) == 1


async def test_credential_for_another_challenge_is_refused(service: Service, start: Start) -> None:
    async with Buyer(service.url) as buyer, post(service) as http:
        await buyer.fund()
        (mine,) = challenges((await http.post(TOOL_PATH)).headers["WWW-Authenticate"])
        (picture,) = challenges((await http.post(IMAGE_LIVENESS.paths[0])).headers["WWW-Authenticate"])
        charge = unpacked(mine["request"])
        wallet = buyer.account
        later = str(int(signed(wallet, mine)["validBefore"]) + 1)
        cheap = {**mine, "request": packed({**charge, "amount": "1"})}
        elsewhere = {**mine, "request": packed({**charge, "recipient": wallet.address})}
        forged = {
            "another challenge's nonce": (mine, signed(wallet, picture)["nonce"]),
            "an id of another resource": ({**mine, "id": picture["id"]}, None),
            "a later end": ({**mine, "expires": mine["expires"].replace("2", "3", 1)}, None),
            "a digest": ({**mine, "digest": "sha-256=abc"}, None),
            "another realm": ({**mine, "realm": "shop.example"}, None),
            "no id of ours": ({**mine, "id": "x"}, None),
        }
        for what, (challenge, nonce) in forged.items():
            changes = {"nonce": nonce} if nonce else {}
            payload = signed(wallet, challenge, **changes)
            assert await code(http, credential(challenge, payload)) == ("payment_mismatch", "challenge"), what
        assert await code(http, credential(mine, signed(wallet, mine, validBefore=later))) == (
            "payment_mismatch",
            "challenge",
        )
        for challenge in (cheap, elsewhere, {**mine, "method": "tempo"}, {**mine, "intent": "session"}):
            assert await code(http, credential(challenge, signed(wallet, challenge))) == ("payment_mismatch", "terms")
        # Signed for less than the charge asks for.
        less = await code(http, credential(mine, signed(wallet, mine, value="1")))
        assert less[0] == "payment_invalid"
        assert await buyer.balance(service.parts.terms.asset) == 5_000_000


async def code(http: httpx.AsyncClient, authorization: str) -> tuple[str, str]:
    """The code and reason of a refused credential."""
    body = {"VideoUrl": "https://example.com/video.mp4"}
    refused = await http.post(TOOL_PATH, json=body, headers={"Authorization": authorization})
    assert refused.status_code == 402, refused.text
    assert refused.headers["WWW-Authenticate"].startswith("Payment id=")
    return refused.json()["code"], refused.json()["details"]["reason"]


async def test_answer_is_given_again_by_a_service_with_another_key(
    start: Start, facilitator: Facilitator, videos: str, tmp_path: Path
) -> None:
    remote = {
        "network": "base-sepolia",
        "pay_to": Account.create().address,
        "facilitator_url": facilitator.url,
        "rpc_url": f"{facilitator.url}/devchain/rpc",
    }
    database = f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}"
    first = start(**remote, database_url=database, signing_key_file=tmp_path / "one.json")
    second = start(**remote, database_url=database, signing_key_file=tmp_path / "two.json")
    account, body = Account.create(), {"VideoUrl": f"{videos}/face.mp4"}
    facilitator.chain.mint(account.address, 10**6)
    async with post(first) as http, post(second) as other:
        header = (await http.post(TOOL_PATH)).headers["WWW-Authenticate"]
        headers, unused = paying(account, header), paying(Account.create(), header)
        facilitator.fault = "loses the answer"
        bought = await http.post(TOOL_PATH, json=body, headers=headers)
        facilitator.fault = ""
        assert bought.status_code == 200, bought.text
        again = await other.post(TOOL_PATH, json=body, headers=headers)
        assert (again.status_code, again.json()["requestId"]) == (200, bought.json()["requestId"])
        assert await code(other, unused["Authorization"]) == ("payment_mismatch", "challenge")
    assert facilitator.chain.balance(account.address) == 800_000


async def test_payment_made_ahead_is_paid_by_mpp(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer, post(service) as http:
        await buyer.fund()
        made = (await http.post("/api/payments", json={"serviceId": LIVENESS.id, "maxCalls": 2})).json()
        asked = await http.post(made["payUrl"])
        assert asked.status_code == 402
        headers = paying(buyer.account, asked.headers["WWW-Authenticate"])
        paid = await http.post(made["payUrl"], headers=headers)
        assert (paid.status_code, paid.json()["status"]) == (200, "paid"), paid.text
        assert unpacked(paid.headers["Payment-Receipt"])["status"] == "success"
        assert (await http.post(made["payUrl"], headers=headers)).json()["status"] == "paid"
        # The challenge of one payment pays no other.
        second = (await http.post("/api/payments", json={"serviceId": LIVENESS.id, "maxCalls": 2})).json()
        fresh = paying(buyer.account, (await http.post(second["payUrl"])).headers["WWW-Authenticate"])
        assert (await http.post(made["payUrl"], headers=fresh)).json()["code"] == "already_paid"
        other = (await http.post("/api/payments", json={"serviceId": LIVENESS.id, "maxCalls": 2})).json()
        assert (await http.post(other["payUrl"], headers=fresh)).json()["details"] == {"reason": "challenge"}
        used = await buyer.spend(f"{videos}/face.mp4", made["token"])
        assert used.status_code == 200, used.text
        assert "Payment-Receipt" not in used.headers
        assert await buyer.balance(service.parts.terms.asset) == 5_000_000 - 2 * PRICE


async def test_one_credential_uploads_pays_a_job_and_erases(service: Service, clips: Clips) -> None:
    async with Buyer(service.url) as buyer, post(service) as http:
        await buyer.fund()
        refused = await http.post("/api/uploads", content=b"x", headers={"Content-Type": "video/mp4"})
        headers = paying(buyer.account, refused.headers["WWW-Authenticate"])
        film = clips.attack.read_bytes()
        sent = await http.post("/api/uploads", content=film, headers={**headers, "Content-Type": "video/mp4"})
        assert sent.status_code == 201, sent.text
        asked = {"VideoUrl": sent.json()["url"]}
        job = await http.post(TOOL_PATH, json=asked, headers={**headers, "Prefer": "respond-async"})
        assert job.status_code == 202, job.text
        async with http.stream("GET", f"{job.json()['statusUrl']}/events") as events:
            assert "done" in (await events.aread()).decode()
        bought = await http.post(TOOL_PATH, json=asked, headers=headers)
        assert (bought.status_code, "Payment-Receipt" in bought.headers) == (200, True)
        assert await buyer.balance(service.parts.terms.asset) == 5_000_000 - PRICE
        call = f"/api/calls/{bought.json()['requestId']}"
        stranger = {"Authorization": "Payment e30"}
        assert (await http.delete(call, headers=stranger)).status_code == 402
        assert (await http.delete(call, headers=headers)).status_code == 204
        assert (await http.post(TOOL_PATH, json=asked, headers=headers)).json()["code"] == "answer_erased"


async def test_each_token_has_a_challenge(
    start: Start, sepolia: Facilitator, base: Facilitator, avalanche: Facilitator, videos: str
) -> None:
    third = accepted(avalanche, AVALANCHE, asset_name="USDC", asset_version="2")
    service = start(accepts=[*both(sepolia, base), third])
    account = Account.create()
    base.chain.mint(account.address, 10**6)
    async with post(service) as http:
        for path in (*LIVENESS.paths, *IMAGE_LIVENESS.paths):
            asked = await http.post(path, headers={"Origin": "https://shop.example"})
            offered = challenges(asked.headers["WWW-Authenticate"])
            chains = [unpacked(each["request"])["methodDetails"]["chainId"] for each in offered]
            assert chains == [84532, 8453, 43114]
            assert sum(len(name) + len(value) + 4 for name, value in asked.headers.raw) < 4_050
        # A long host leaves room for fewer.
        long = await http.post(IMAGE_LIVENESS.paths[1], headers={"Host": f"{'liveness.' * 9}example.com"})
        assert len(challenges(long.headers["WWW-Authenticate"])) == 2
        assert sum(len(name) + len(value) + 4 for name, value in long.headers.raw) < 4_096
        odd = await http.post(TOOL_PATH, headers={"Host": 'a", realm="b'})
        assert 'realm="b' not in odd.headers["WWW-Authenticate"]
        (_, second, _) = challenges((await http.post(TOOL_PATH)).headers["WWW-Authenticate"])
        headers = {"Authorization": credential(second, signed(account, second))}
        bought = await http.post(TOOL_PATH, json={"VideoUrl": f"{videos}/face.mp4"}, headers=headers)
    assert bought.status_code == 200, bought.text
    assert base.chain.balance(account.address) == 10**6 - 250_000
