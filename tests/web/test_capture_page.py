"""Tests of `<alive-capture>` on the service's own pages: that of a challenge, and "Try it"."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Route, expect

from tests.http.conftest import Service
from tests.http.test_api_keys import made as made_key
from tests.web.challenging import draw_camera, reach, take
from tests.web.conftest import PAGE, Open
from tests.web.steps import in_view
from tests.web.test_pages import sound


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_camera(tmp_path_factory.mktemp("camera"))


def test_person_films_on_the_page_of_the_service(service: Service, open_page: Open) -> None:
    # Playwright has the event loop of this thread.
    with ThreadPoolExecutor() as threads:
        key = threads.submit(made_key, service, "call").result()["key"]
    asked = {"steps": 3, "avoid": ["look_up", "look_down"]}
    made = httpx.post(f"{service.url}/api/challenges", json=asked, headers={"X-Api-Key": key}).raise_for_status().json()
    page = open_page(made["captureUrl"], viewport={"width": 1280, "height": 720})
    element = page.locator("alive-capture")
    sound(page, "capture")
    assert service.url.removeprefix("http://") in element.locator(".intro").inner_text()
    take(element)
    # Nobody has to scroll while they are filmed.
    for part in (".prompt", ".stage", ".cancel"):
        expect(element.locator(part)).to_be_in_viewport(ratio=0.99)
    sound(page, "steps")
    reach(element, "done")
    expect(page.locator("[slot=done]")).to_be_visible()
    state = httpx.get(made["statusUrl"]).json()
    assert state["state"] == "filmed"
    assert httpx.get(state["uploadUrl"]).json()["bytes"] > 1000
    page.reload()
    assert "The clip is handed over" in page.inner_text("h1")
    sound(page, "handed over")


def test_try_it_asks_for_a_challenge_and_draws_others(service: Service, open_page: Open) -> None:
    page = open_page(service.url + PAGE)
    drawn: list[dict[str, Any]] = []
    begun: list[str] = []
    page.on("response", lambda got: got.url.endswith("/challenges") and drawn.append(got.json()))
    page.on("request", lambda asked: asked.url.endswith("/begin") and begun.append(asked.url))
    page.click("[data-challenge]")
    expect(page.locator("[data-name]")).to_contain_text("you film")
    sound(page, "pay")
    page.click("[data-pay-test]")
    element = page.locator("alive-capture")
    expect(element).to_be_visible()
    in_view(page)
    element.locator("summary").click()
    element.get_by_label("Twice the time").check()
    element.locator(".draw").click()
    expect(element.locator(".advice")).to_have_text("You will be asked for others.")
    assert element.get_attribute("challenge") == drawn[1]["challengeId"] != drawn[0]["challengeId"]
    sound(page, "answering")
    # The signed payment stays for the next try.
    page.click("[data-unanswer]")
    expect(page.locator("[data-step=choose]")).to_be_visible()
    page.click("[data-challenge]")
    page.click("[data-pay-kept]")
    take(element)
    element.locator(".cancel").click()
    reach(element, "problem")
    assert len(begun) == 1


def test_cancel_stops_the_request_for_a_challenge(service: Service, open_page: Open) -> None:
    page = open_page(service.url + PAGE)
    held: list[Route] = []
    page.route("**/api/challenges", lambda route: held.append(route))
    page.click("[data-challenge]")
    with page.expect_request("**/api/challenges"):
        page.click("[data-pay-test]")
    with page.expect_event("requestfailed") as stopped:
        page.click("[data-cancel]")
    assert stopped.value.url == f"{service.url}/api/challenges"
    expect(page.locator("[data-kept]")).to_be_visible()
    assert page.locator("alive-capture").count() == 0
    # The payment that was signed asks for the challenge again.
    page.unroute("**/api/challenges")
    page.click("[data-pay-kept]")
    expect(page.locator("alive-capture")).to_be_visible()
