"""Tests of the page of a payment made ahead, without a browser; tests/web/test_pay.py pays on it."""

from __future__ import annotations

import httpx
import pytest

from alive402.demo import Buyer
from tests.http.conftest import Service
from tests.http.prepaying import SERVICE, paid

pytestmark = pytest.mark.anyio
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def test_page_shows_what_is_to_pay(service: Service) -> None:
    async with httpx.AsyncClient() as http:
        created = await http.post(f"{service.url}/api/payments", json={"serviceId": SERVICE, "maxCalls": 3})
        url, token = created.json()["payUrl"], created.json()["token"]
        page = await http.get(url, headers=BROWSER)
        head = await http.head(url, headers=BROWSER)
    assert (page.status_code, head.status_code) == (200, 200)
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-store"
    assert "noindex" in page.headers["x-robots-tag"]
    assert "USD 0.60" in page.text
    assert "3 calls" in page.text
    assert "js/pay.js" in page.text
    assert token not in page.text


async def test_page_of_a_paid_payment_takes_no_money(service: Service) -> None:
    async with Buyer(service.url) as buyer, httpx.AsyncClient() as http:
        bought = await paid(buyer, 1)
        page = await http.get(f"{service.url}/api/payments/{bought['paymentId']}/pay", headers=BROWSER)
    assert "This payment is paid" in page.text
    assert "pay.js" not in page.text


async def test_unknown_payment_is_a_page_for_people_and_an_error_for_programs(service: Service) -> None:
    url = f"{service.url}/api/payments/{'0' * 32}/pay"
    async with httpx.AsyncClient() as http:
        page, error = await http.get(url, headers=BROWSER), await http.get(url)
    assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (404, "text/html")
    assert "No such payment" in page.text
    assert (error.status_code, error.json()["code"]) == (404, "no_such_payment")
