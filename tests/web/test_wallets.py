"""Tests of paying with a browser wallet: advice on each refusal, and payment on the chosen network."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from playwright.sync_api import Page, expect
from x402.mechanisms.evm.default_assets import DEFAULT_ASSETS

from alive402.demo import Clips
from alive402.payments.devchain import DevChain
from tests.http.conftest import Service, Start
from tests.http.facilitators import Facilitator, running_facilitator
from tests.smart_wallets import SmartWallet, wrapped
from tests.web.conftest import PAGE, Open
from tests.web.steps import answered, choose, problem

BASE = "eip155:8453"
# A person's own wallet: on another chain at first, asking before it does anything. The test holds its key.
WALLET = """
window.ethereum = {
  chain: "0x1", willSwitch: true, willSign: true,
  async request({ method, params }) {
    const refused = Object.assign(new Error("User rejected the request."), { code: 4001 });
    switch (method) {
      case "eth_requestAccounts": return [await window.walletAddress()];
      case "eth_chainId": return this.chain;
      case "wallet_switchEthereumChain":
        if (!this.willSwitch) throw refused;
        this.chain = params[0].chainId;
        return null;
      case "eth_signTypedData_v4":
        if (!this.willSign) throw refused;
        return window.walletSigns(params[1]);
    }
  },
};
"""


@pytest.fixture(scope="module")
def base() -> Iterator[Facilitator]:
    """A chain with Base's id and the test token at USDC's address."""
    with running_facilitator(DevChain(8453, DEFAULT_ASSETS[BASE][0]["asset"])) as made:
        yield made


@pytest.fixture(scope="module")
def sepolia() -> Iterator[Facilitator]:
    with running_facilitator() as made:
        yield made


@pytest.fixture(scope="module")
def two_networks(start: Start, base: Facilitator, sepolia: Facilitator) -> Service:
    """A service that accepts payment on two networks, without test money."""
    ways = [
        ("base-sepolia", sepolia, 150_000, {}),
        ("base", base, 250_000, {"asset_name": "USDC", "asset_version": "2"}),
    ]
    return start(
        accepts=[
            {
                "network": network,
                "pay_to": Account.create().address,
                "facilitator_url": at.url,
                "rpc_url": f"{at.url}/devchain/rpc",
                "price": price,
                **domain,
            }
            for network, at, price, domain in ways
        ]
    )


def give(page: Page, account: LocalAccount) -> None:
    """Install a wallet with this account in the page."""
    page.expose_function("walletAddress", lambda: account.address)
    page.expose_function("walletSigns", lambda typed: "0x" + signed_by(account, typed))


def signed_by(account: LocalAccount, typed: str) -> str:
    return str(account.sign_message(encode_typed_data(full_message=json.loads(typed))).signature.hex())


def test_wallet_refusals_have_advice_and_wallet_pays(service: Service, open_page: Open, short_clips: Clips) -> None:
    account = Account.create()
    page = open_page(service.url + PAGE, WALLET)
    give(page, account)
    choose(page, short_clips.attack)
    terms = page.inner_text("[data-step=pay]")
    assert "0.20 USDC" in terms
    assert "Charged only if you get an answer" in terms

    page.evaluate("window.ethereum.willSwitch = false")
    page.click("[data-pay-wallet]")
    assert "Your wallet is on another network" in (said := problem(page))
    assert "Nothing was paid" in said

    page.evaluate("Object.assign(window.ethereum, { willSwitch: true, willSign: false })")
    page.click("[data-again]")
    expect(page.locator("[data-problem]")).to_have_text("You did not sign")

    page.evaluate("window.ethereum.willSign = true")
    page.click("[data-again]")
    expect(page.locator("[data-problem]")).to_have_text("Not enough money")
    assert problem(page)

    assert httpx.post(f"{service.url}/devchain/faucet", json={"address": account.address}).status_code == 200
    page.click("[data-again]")
    answered(page)
    assert account.address in (page.text_content("#answer .receipt") or "")


def test_smart_wallet_pays_once_it_is_deployed(service: Service, open_page: Open, short_clips: Clips) -> None:
    wallet = SmartWallet(service.parts.devchain, wrapped)
    page = open_page(service.url + PAGE, WALLET)
    page.expose_function("walletAddress", lambda: wallet.address)
    page.expose_function(
        "walletSigns", lambda typed: "0x" + wallet.form(wallet, bytes.fromhex(signed_by(wallet.owner, typed))).hex()
    )
    choose(page, short_clips.attack)
    page.click("[data-pay-wallet]")
    expect(page.locator("[data-problem]")).to_have_text("Your smart wallet is not deployed yet")
    assert "Nothing was charged" in problem(page)
    wallet.deploy()
    page.click("[data-again]")
    answered(page)
    assert wallet.address in (page.text_content("#answer .receipt") or "")
    assert service.parts.devchain.balance(wallet.address) == 800_000


def test_wallet_pays_on_the_chosen_network(
    two_networks: Service, base: Facilitator, open_page: Open, short_clips: Clips
) -> None:
    account = Account.create()
    base.chain.mint(account.address, 1_000_000)
    page = open_page(two_networks.url + PAGE, WALLET)
    give(page, account)
    choose(page, short_clips.bona_fide)
    assert "0.15 USDC on Base Sepolia" in page.inner_text("[data-step=pay]")
    assert not page.is_visible("[data-pay-test]")
    page.select_option("[data-way]", label="0.25 USDC on Base")
    assert "0.25 USDC on Base, token" in page.inner_text("[data-step=pay]")
    page.click("[data-pay-wallet]")
    answered(page)
    assert "USD 0.25 on Base" in (page.text_content("#answer .receipt") or "")
    assert base.chain.balance(account.address) == 750_000


def test_missing_wallet_is_reported(two_networks: Service, open_page: Open, short_clips: Clips) -> None:
    page = open_page(two_networks.url + PAGE)
    choose(page, short_clips.bona_fide)
    assert "There is no wallet in this browser" in page.inner_text("[data-step=pay]")
    assert not page.is_visible("[data-pay-wallet]")
