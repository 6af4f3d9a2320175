"""Payments through Coinbase's facilitator, by a stand-in on loopback that checks the token of every request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from eth_account import Account

from alive402.demo import Buyer, receipt
from alive402.http.wiring import assemble
from alive402.payments.core import PaymentsMisconfigured
from alive402.settings import Settings
from tests.http.cdp import KEY_ID, CdpFacilitator, ed25519_secret, pem_secret
from tests.http.conftest import Start
from tests.http.facilitators import running_facilitator

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def cdp() -> Iterator[CdpFacilitator]:
    with running_facilitator(kind=CdpFacilitator) as made:
        yield made


def settings(cdp: CdpFacilitator, secret: str) -> dict[str, Any]:
    return {
        "network": "base-sepolia",
        "pay_to": Account.create().address,
        "facilitator_auth": "cdp",
        "facilitator_url": cdp.base,
        "rpc_url": f"{cdp.url}/devchain/rpc",
        "cdp_api_key_id": KEY_ID,
        "cdp_api_key_secret": secret,
    }


@pytest.mark.parametrize(("kind", "algorithm"), [("ed25519", "EdDSA"), ("p256", "ES256")])
async def test_payment_is_settled_with_a_token_for_each_request(
    start: Start,
    cdp: CdpFacilitator,
    videos: str,
    kind: str,
    algorithm: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    secret = ed25519_secret(cdp.ed25519) if kind == "ed25519" else pem_secret(cdp.p256)
    chosen = settings(cdp, secret)
    # One of the two is an entry of several networks, with the key of the whole service.
    entry = {name: value for name, value in chosen.items() if not name.startswith("cdp_")}
    key = {name: value for name, value in chosen.items() if name.startswith("cdp_")}
    cdp.requests.clear()
    service = start(**chosen) if kind == "ed25519" else start(accepts=[entry], **key)
    async with Buyer(service.url) as buyer:
        cdp.chain.mint(buyer.account.address, 10**6)
        bought = await buyer.pay(f"{videos}/face.mp4")
    assert bought.status_code == 200, bought.text
    assert cdp.chain.balance(buyer.account.address) == 800_000
    assert cdp.chain.balance(chosen["pay_to"]) == int(receipt(bought).amount or 0) == 200_000
    assert dict.fromkeys(cdp.requests) == {
        (algorithm, "GET /supported"): None,
        (algorithm, "POST /verify"): None,
        (algorithm, "POST /settle"): None,
    }
    shown = "".join([*capfd.readouterr(), caplog.text, bought.text])
    assert not [line for line in secret.splitlines() if line in shown and len(line) > 40]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"cdp_api_key_secret": ed25519_secret(Ed25519PrivateKey.generate())}, "ALIVE402_CDP_API_KEY_SECRET and this"),
        ({"cdp_api_key_id": "another"}, "Check .* ALIVE402_CDP_API_KEY_ID"),
        ({"cdp_api_key_secret": "a word"}, "ALIVE402_CDP_API_KEY_SECRET .* as Coinbase shows it"),
    ],
    ids=["another key", "another id", "not a key"],
)
async def test_wrong_credentials_stop_the_start(cdp: CdpFacilitator, change: dict[str, str], sentence: str) -> None:
    chosen = {**settings(cdp, ed25519_secret(cdp.ed25519)), **change}
    with pytest.raises(PaymentsMisconfigured, match=sentence) as refused:
        await assemble(Settings(**chosen))
    assert chosen["cdp_api_key_secret"] not in str(refused.value)


async def test_key_that_is_refused_later_charges_nothing(start: Start, cdp: CdpFacilitator, videos: str) -> None:
    service = start(**settings(cdp, ed25519_secret(cdp.ed25519)))
    known, cdp.ed25519 = cdp.ed25519, Ed25519PrivateKey.generate()
    try:
        async with Buyer(service.url) as buyer:
            cdp.chain.mint(buyer.account.address, 10**6)
            refused = await buyer.pay(f"{videos}/face.mp4")
    finally:
        cdp.ed25519 = known
    assert (refused.status_code, refused.json()["code"]) == (503, "facilitator_unavailable")
    assert cdp.chain.balance(buyer.account.address) == 10**6
