"""A rendered face answers a challenge in Chromium's fake camera: from the page of docs/challenge.md to a receipt."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Route, expect

from alive402.demo import serve_files
from alive402.demo.answers import Person, Take, film_answer
from alive402.liveness import Challenge, ChallengeOptions
from alive402.receipts import verified
from tests.e2e.pages import block, fences
from tests.http.conftest import Service
from tests.http.test_api_keys import made
from tests.web.conftest import Launch
from tests.web.steps import PATIENCE

# The file plays from when the camera opens. The person is ready so long after it that the film begins with the answer.
REST_SECONDS, READY_MS = 6.0, 2200
PERSON = Person(reaction=(0.5, 0.05), rise=(0.4, 0.05))
READY = """(wait) => addEventListener("alive-ready", ({ target }) =>
  setTimeout(() => target.shadowRoot.querySelector(".main").click(), wait))"""


def drawn(service: Service, challenge_id: str) -> Challenge:
    """The challenge with its steps, which the service keeps secret until it is begun."""
    with sqlite3.connect(service.database) as ledger:
        asked = "SELECT seed, steps, pace FROM challenges WHERE id = ?"
        seed, steps, pace = ledger.execute(asked, [challenge_id]).fetchone()
    return Challenge.new(challenge_id, seed, ChallengeOptions(steps, (), pace))


def test_rendered_answer_is_judged_as_the_page_of_the_docs_does_it(
    service: Service, launch: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadPoolExecutor() as threads:
        key = threads.submit(made, service, "call").result()["key"]
    monkeypatch.setenv("SERVICE", service.url)
    monkeypatch.setenv("KEY", key)
    server: dict[str, Any] = {}
    exec(block("challenge.md", "def judge"), server)
    challenge_id = server["new_challenge"]("session 17")
    camera = tmp_path / "answer.y4m"
    take = Take(size=(320, 240), rate=15, before=REST_SECONDS, after=4.0, person=PERSON)
    film_answer(drawn(service, challenge_id), camera, take)

    (tmp_path / "site").mkdir()
    (page_of_docs,) = (each.text for each in fences() if (each.page, each.language) == ("challenge.md", "html"))
    page_of_docs = page_of_docs.replace("https://live.example", service.url)
    html = f"<!doctype html><html lang=en><title>Shop</title>{page_of_docs.replace('CHALLENGE', challenge_id)}</html>"
    (tmp_path / "site" / "index.html").write_text(html)
    answers: list[dict[str, Any]] = []

    def judge(route: Route) -> None:
        answers.append(server["judge"]("session 17", route.request.post_data_json))
        route.fulfill(json=answers[0]["Liveness"]["freshness"]["status"] == "answered")

    browser = launch(
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
    )
    with serve_files(tmp_path / "site") as site:
        page = browser.new_page()
        page.route("**/judge", judge)
        page.goto(f"{site}/index.html")
        page.evaluate(READY, READY_MS)
        page.locator("alive-capture .main").click()
        expect(page.locator("alive-capture")).to_have_attribute("data-state", "done", timeout=PATIENCE)
        page.wait_for_url("**#welcome", timeout=PATIENCE)
    browser.close()
    freshness = answers[0]["Liveness"]["freshness"]
    assert [step["status"] for step in freshness["steps"]] == ["done"] * 5, freshness
    claims = verified(answers[0]["Receipt"], httpx.get(f"{service.url}/.well-known/jwks.json").json())
    assert (claims["freshness"]["status"], claims["freshness"]["challengeId"]) == ("answered", challenge_id)
    state = httpx.get(f"{service.url}/api/challenges/{challenge_id}").json()
    assert (state["state"], state["requestId"]) == ("used", claims["requestId"])
