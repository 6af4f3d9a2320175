"""Tests of paying ahead in a browser, at the URL of a payment."""

from __future__ import annotations

from typing import Any

import httpx
from eth_account import Account
from playwright.sync_api import Page, expect

from tests.http.conftest import Service
from tests.http.prepaying import SECRET, SERVICE
from tests.web.conftest import Open, line_to
from tests.web.steps import payments_in, problem
from tests.web.test_pages import sound
from tests.web.test_wallets import WALLET, give


def created(service: Service, **more: object) -> dict[str, Any]:
    answer = httpx.post(f"{service.url}/api/payments", json={"serviceId": SERVICE, **more})
    return dict(answer.raise_for_status().json())


def is_paid(page: Page) -> None:
    expect(page.locator("[data-step=paid]")).to_be_visible()
    assert "Transaction 0x" in page.inner_text("[data-transaction]")


def answers(service: Service, videos: str, token: str) -> int:
    headers = {"X-Payment-Token": token}
    body = {"VideoUrl": f"{videos}/face.mp4"}
    path = f"{service.url}/api/tools/{SERVICE}"
    return httpx.post(path, json=body, headers=headers, timeout=180).status_code


def test_person_pays_with_test_money_and_the_token_works(service: Service, open_page: Open, videos: str) -> None:
    payment = created(service)
    assert answers(service, videos, payment["token"]) == 402
    page = open_page(payment["payUrl"])
    expect(page.locator("[data-step=pay]")).to_be_visible()
    assert "0.20 USDC" in page.inner_text("[data-step=pay]")
    sound(page, "pay")
    page.click("[data-pay-test]")
    is_paid(page)
    sound(page, "paid")
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert answers(service, videos, payment["token"]) == 200
    page.reload()
    assert "This payment is paid" in page.inner_text("h1")


def test_person_pays_with_the_browsers_wallet(service: Service, open_page: Open) -> None:
    account, payment = Account.create(), created(service, maxCalls=2)
    page = open_page(payment["payUrl"], WALLET)
    give(page, account)
    page.evaluate("window.ethereum.willSign = false")
    page.click("[data-pay-wallet]")
    assert "You did not sign" in problem(page)
    page.evaluate("window.ethereum.willSign = true")
    page.click("[data-again]")
    assert "Not enough money" in problem(page)
    assert httpx.post(f"{service.url}/devchain/faucet", json={"address": account.address}).status_code == 200
    page.click("[data-again]")
    is_paid(page)
    shown = httpx.get(f"{service.url}/api/payments/{payment['paymentId']}").json()
    assert (shown["status"], shown["remainingCalls"]) == ("paid", 2)


def test_same_payment_is_sent_again_after_a_lost_connection(service: Service, open_page: Open) -> None:
    payment = created(service)
    with line_to(service, cut_after=b"PAYMENT-SIGNATURE") as line:
        page = open_page(payment["payUrl"].replace(service.url, line.url))
        sent = payments_in(page)
        page.click("[data-pay-test]")
        assert "never a new one" in problem(page)
        line.mend()
        page.click("[data-again]")
        is_paid(page)
    assert len(set(sent)) == 1


def test_payment_bound_to_a_secret_is_explained(service: Service, open_page: Open) -> None:
    page = open_page(created(service, clientSecret=SECRET)["payUrl"])
    assert "Only a program that has the secret can pay it" in problem(page)
