"""Tests of the operator's page in a real browser: sign-in, accessibility, sign-out."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from alive402.payments.keys import Scope
from tests.http.conftest import Service
from tests.web.conftest import Launch

# Of the box of all tiles, and of each.
AREAS = """[document.querySelector(".figures"), ...document.querySelectorAll(".figures > div")].map((each) => {
  const { width, height } = each.getBoundingClientRect();
  return width * height;
})"""


def accessible(page: Page) -> bool:
    return int(Axe().run(page).violations_count) == 0


def test_operator_signs_in_reads_and_signs_out(service: Service, launch: Launch) -> None:
    async def made() -> str:
        return (await service.parts.registry.ledger_services.keys.create("tests", [Scope.OPS]))[1]

    # The browser's own loop runs in this thread.
    with ThreadPoolExecutor(1) as other:
        key = other.submit(asyncio.run, made()).result()
    page = launch().new_page()
    page.goto(f"{service.url}/ops")
    assert accessible(page)
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Calls", exact=True).wait_for()
    tiles = page.evaluate(AREAS)
    assert sum(tiles[1:]) > 0.97 * tiles[0], "no tile is empty"
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.querySelector('.bars text').getBoundingClientRect().height") > 11
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_text("Calls as a table").click()
    assert page.get_by_role("region", name="Calls", exact=True).get_by_role("row").count() == 25
    page.get_by_role("link", name="90 days").click()
    page.get_by_text("Calls as a table").click()
    assert page.get_by_role("region", name="Calls", exact=True).get_by_role("row").count() == 91
    assert accessible(page)
    assert page.evaluate("document.cookie") == ""
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("API key").wait_for()
    page.goto(f"{service.url}/privacy")
    assert accessible(page)
