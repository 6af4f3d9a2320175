"""Tests of `<alive-capture>` in a browser: pages of another origin embed it; takes, refusals, access."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from alive402.demo import serve_files
from alive402.web import load_assets
from tests.http.conftest import Service
from tests.web.challenging import (
    KINDS,
    LEAD,
    WINDOW,
    Challenging,
    Issued,
    draw_camera,
    reach,
    running_challenges,
    take,
)
from tests.web.conftest import Open
from tests.web.test_pages import PHONE, sound

MODULE = load_assets().files["js/alive-capture.js"].body.decode()
LARGEST = 20_000
LATEST = "/static/latest/js/alive-capture.js"
SHOP = """<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>Shop</title><main><h1>Shop</h1></main>
<style>html {{ background: Canvas; color: CanvasText; }}</style>
<script type="module" src="{module}"></script></html>"""
EMBED = """async ([service, challenge, more]) => {
  window.heard = [];
  for (const name of ["ready", "begun", "step", "clip", "handed-over", "error", "redraw"])
    addEventListener(`alive-${name}`, ({ detail }) => heard.push([name, detail]));
  const element = document.createElement("alive-capture");
  window.shown = [];
  element.addEventListener("alive-step", () => {
    const [prompt, arrow] = [".prompt", ".arrow"].map((name) => element.shadowRoot.querySelector(name));
    shown.push([prompt.textContent, arrow.checkVisibility() && arrow.id]);
  });
  for (const [name, value] of Object.entries({ service, challenge, ...more })) element.setAttribute(name, value);
  document.querySelector("main").append(element);
  await customElements.whenDefined("alive-capture");
}"""
UNKNOWN = {"code": "challenge_unknown", "message": "No challenge has this id."}
STYLE = """([name, of]) =>
  getComputedStyle(document.querySelector("alive-capture").shadowRoot.querySelector(`.${name}`))[of]"""
VOICE = """window.spoken = [];
speechSynthesis.speak = (utterance) => spoken.push([utterance.text, utterance.lang]);"""

Embed = Callable[..., tuple[Page, Locator]]


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_camera(tmp_path_factory.mktemp("camera"))


@pytest.fixture(scope="module")
def challenges() -> Iterator[Challenging]:
    with running_challenges() as made:
        yield made


@pytest.fixture(scope="module")
def shop(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of another site; it takes the module from the service."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "index.html").write_text(SHOP.format(module=f"{service.url}{LATEST}"))
    with serve_files(folder) as base:
        yield f"{base}/index.html"


@pytest.fixture
def embed(shop: str, open_page: Open, challenges: Challenging) -> Embed:
    """Open the shop with the component for a challenge, a new one unless it is named."""
    numbers = itertools.count()

    def begin(
        issued: Issued | None = None, script: str | None = None, more: dict[str, str] | None = None, **profile: Any
    ):  # type: ignore[no-untyped-def]
        name = f"challenge-{next(numbers)}"
        challenges.challenges[name] = issued or Issued()
        page = open_page(shop, script, **profile)
        page.evaluate(EMBED, [challenges.url, name, more or {}])
        return page, page.locator("alive-capture")

    return begin


def events(page: Page) -> list[str]:
    return page.evaluate("heard.map(([name]) => name)")


def test_module_is_small_and_served_to_every_site(service: Service) -> None:
    assert len(MODULE.encode()) < LARGEST
    assert "import " not in MODULE.replace("important", "")
    for version, kept in (("latest", "no-cache"), (load_assets().version, "public, max-age=31536000, immutable")):
        answer = httpx.get(f"{service.url}/static/{version}/js/alive-capture.js")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["cache-control"] == kept
    # Browsers that cannot adopt the module's sheet load it as a file.
    sheet = httpx.get(f"{service.url}/static/latest/css/alive-capture.css")
    assert sheet.headers["content-type"].startswith("text/css")
    assert sheet.text.startswith(":host{display:block;")
    assert sheet.text in MODULE


def test_run_that_is_cancelled_leaves_the_camera_to_the_next(embed: Embed) -> None:
    page, element = embed()
    page.evaluate("""() => {
      const capture = document.querySelector("alive-capture");
      const opened = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      window.streams = [];
      // The first camera opens after the second.
      navigator.mediaDevices.getUserMedia = async (wish) => {
        const first = window.first ??= Promise.withResolvers();
        if (streams.push(null) === 1) await first.promise;
        const place = streams.indexOf(null);
        return (streams[place] = await opened(wish));
      };
      capture.start();
    }""")
    page.wait_for_function("streams.length === 1")
    page.evaluate("""() => {
      const capture = document.querySelector("alive-capture");
      capture.cancel();
      capture.start();
    }""")
    reach(element, "place")
    page.evaluate("first.resolve()")
    page.wait_for_function("streams.every((each) => each) && streams.filter((each) => each.active).length === 1")
    assert page.evaluate("document.querySelector('alive-capture').shadowRoot.querySelector('video').srcObject?.active")


def test_person_answers_by_keyboard_and_voice(embed: Embed, challenges: Challenging) -> None:
    issued = Issued()
    page, element = embed(issued, VOICE)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(element.locator(".main")).to_be_focused()
    assert page.evaluate("spoken") == []
    page.keyboard.press("Enter")
    reach(element, "place")
    expect(element.locator(".main")).to_be_focused()
    page.keyboard.press("Enter")
    reach(element, "lead")
    expect(element.locator(".prompt")).to_be_focused()
    assert element.locator(".prompt").get_attribute("aria-live") == "assertive"
    reach(element, "done")
    assert page.evaluate("shown") == [
        ["Turn to your left", "turn_left"],
        ["Open your mouth", "open_mouth"],
        ["Look up", "look_up"],
    ]
    said = [words for words, language in page.evaluate("spoken") if language == "en"]
    assert said == [
        "Allow the camera when the browser asks",
        "Bring your whole face into the oval",
        "Look straight into the camera",
        "Look straight into the camera",
        "Turn to your left",
        "Open your mouth",
        "Look up",
        "Sending the clip",
        "Done. You can go back now.",
    ]
    assert events(page) == ["ready", "begun", "step", "step", "step", "clip", "handed-over"]
    handed = page.evaluate("heard.at(-1)[1]")
    assert handed == {
        "uploadUrl": f"{challenges.url}/api/uploads/{handed['challengeId']}",
        "challengeId": "challenge-0",
    }
    marks = page.evaluate("heard.at(-2)[1].marks")
    assert [mark["kind"] for mark in marks] == [*KINDS]
    for place, mark in enumerate(marks):
        assert LEAD + WINDOW * place <= mark["at"] < LEAD + WINDOW * (place + 1)
    assert issued.calls == ["state", "begin", "clip"]
    assert issued.clip_type == "video/webm"
    frames = decoded(issued.clip)
    assert frames[-1][0] - frames[0][0] > LEAD + WINDOW
    # The preview is a mirror, the file is not: the patch is where the camera has it.
    picture = frames[len(frames) // 2][1]
    assert picture[120, 20, 0] > picture[120, 300, 0] + 60


def decoded(clip: bytes) -> list[tuple[float, np.ndarray]]:
    """Time in seconds and RGB picture of each frame."""
    with av.open(io.BytesIO(clip)) as film:
        return [(frame.time or 0.0, frame.to_ndarray(format="rgb24")) for frame in film.decode(video=0)]


def test_hidden_page_ends_the_take_and_another_challenge_is_drawn(embed: Embed, challenges: Challenging) -> None:
    issued, second = Issued(), challenges.issue("second")
    page, element = embed(issued, VOICE, {"redraws": "", "pace": "slow"}, reduced_motion="reduce")
    element.locator("summary").click()
    element.get_by_label("Look up").check()
    element.get_by_label("Open your mouth").check()
    expect(element.get_by_label("Look down")).to_be_disabled()
    element.locator(".sound").uncheck()
    take(element)
    expect(element.locator(".arrow")).to_be_visible()
    assert page.evaluate(STYLE, ["arrow", "animationName"]) == "none"
    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    reach(element, "problem")
    expect(element.locator(".advice")).to_have_text("page_hidden")
    assert issued.calls == ["state", "begin"]
    element.locator(".main").click()
    assert page.evaluate("heard.at(-1)") == ["redraw", {"avoid": ["look_up", "open_mouth"], "pace": "slow"}]
    page.evaluate("document.querySelector('alive-capture').setAttribute('challenge', 'second')")
    reach(element, "place")
    assert second.calls == ["state"]
    page.keyboard.press("Escape")
    reach(element, "consent")
    assert page.evaluate("heard.at(-1)") == ["error", {"code": "cancelled", "message": "Stopped. Nothing was sent."}]
    assert page.evaluate("spoken") == []
    assert page.evaluate("document.querySelector('alive-capture').shadowRoot.querySelector('video').srcObject") is None


def test_clip_is_sent_again_after_a_failure(embed: Embed) -> None:
    away = (502, None)
    issued = Issued(kinds=("turn_right",), refusals={"clip": [away, away, away]})
    page, element = embed(issued)
    take(element)
    reach(element, "problem")
    assert issued.calls == ["state", "begin", "clip", "clip", "clip"]
    expect(element.locator(".advice")).to_have_text("service_unreachable")
    element.locator(".main").click()
    reach(element, "done")
    assert len(issued.clip) > 1000
    assert events(page)[-3:] == ["clip", "error", "handed-over"]


@pytest.mark.parametrize(
    ("issued", "code", "again"),
    [
        (Issued(state="used"), "challenge_used", False),
        (Issued(state="expired"), "challenge_expired", False),
        (Issued(refusals={"": [(404, UNKNOWN)]}), "challenge_unknown", False),
        (Issued(refusals={"": [(503, None)]}), "service_unreachable", True),
    ],
)  # fmt: skip
def test_refused_challenge_opens_no_camera(embed: Embed, issued: Issued, code: str, again: bool) -> None:
    page, element = embed(issued)
    element.locator(".main").click()
    reach(element, "problem")
    expect(element.locator(".advice")).to_have_text(code)
    assert element.locator(".main").is_visible() == again
    assert ("ask for a new challenge" in element.locator(".prompt").inner_text()) != again
    assert events(page) == ["error"]


def test_page_without_leave_for_the_camera_says_so(browser: Browser, challenges: Challenging, service: Service) -> None:
    challenges.issue("closed")
    challenges.page = SHOP.format(module=f"{service.url}{LATEST}")
    page = browser.new_context().new_page()
    page.goto(f"{challenges.url}/closed")
    page.evaluate(EMBED, [challenges.url, "closed", {}])
    element = page.locator("alive-capture")
    element.locator(".main").click()
    reach(element, "problem")
    expect(element.locator(".advice")).to_have_text("camera_refused")
    page.evaluate("window.kept = MediaRecorder; delete globalThis.MediaRecorder")
    element.locator(".main").click()
    expect(element.locator(".advice")).to_have_text("camera_unsupported")
    assert page.url in element.locator(".prompt").inner_text()
    page.evaluate("void (globalThis.MediaRecorder = kept)")
    element.locator(".main").click()
    expect(element.locator(".advice")).to_have_text("camera_refused")
    page.evaluate(
        "Object.defineProperty(navigator, 'userAgent', { value: 'Mozilla/5.0 (Linux; Android 14; wv) Chrome/120' })"
    )
    element.locator(".main").click()
    expect(element.locator(".advice")).to_have_text("camera_unsupported")


def test_component_is_accessible_and_themable(embed: Embed) -> None:
    page, element = embed(None, None, {"redraws": ""}, **PHONE)
    element.locator("summary").click()
    sound(page, "consent")
    element.locator(".main").click()
    reach(element, "place")
    sound(page, "place")
    assert page.evaluate(STYLE, ["video", "transform"]).startswith("matrix(-1,")
    page.evaluate("document.querySelector('alive-capture').style.setProperty('--alive-accent', 'rgb(90, 0, 90)')")
    assert page.evaluate(STYLE, ["main", "backgroundColor"]) == "rgb(90, 0, 90)"
    page.evaluate("document.querySelector('alive-capture').removeAttribute('style')")
    element.locator(".cancel").click()
    page.evaluate("customElements.get('alive-capture').texts.de = { start: 'Kamera an' }")
    page.evaluate("document.querySelector('alive-capture').lang = 'de-CH'")
    expect(element.locator(".main")).to_have_text("Kamera an")
    expect(element.locator(".prompt")).to_have_text("Film a short clip of your face")
    page.evaluate("document.querySelector('alive-capture').setAttribute('challenge', 'nobody')")
    element.locator(".main").click()
    reach(element, "problem")
    sound(page, "problem")


def test_old_browser_takes_the_sheet_by_a_link(embed: Embed, service: Service, shop: str, open_page: Open) -> None:
    page = open_page(shop, "delete globalThis.CSSStyleSheet")
    page.evaluate(EMBED, [service.url, "any", {}])
    page.wait_for_function(f"(given) => ({STYLE})(given) === 'rgb(15, 92, 134)'", arg=["main", "backgroundColor"])
