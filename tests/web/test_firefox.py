"""Tests of the site in Firefox, by mouse and by keyboard, on a wide and on a narrow window."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from alive402.demo import prepare_samples
from alive402.receipts import verified_answer
from tests.http.conftest import Service
from tests.web.challenging import KINDS, LEAD, WINDOW, Issued, reach
from tests.web.conftest import PAGE, Open
from tests.web.firefox import running_firefox
from tests.web.steps import answered, in_view, problem
from tests.web.test_capture import Embed, challenges, decoded, embed, events, shop  # noqa: F401  fixtures

WIDE, NARROW = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)
EVERY_WAY = [pytest.param(size, by, id=f"{size['width']}-{by}") for size in (WIDE, NARROW) for by in ("mouse", "keys")]
WITHIN = """(selector) => {
  const { top, bottom } = document.querySelector(selector).getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight;
}"""

BROKEN = """[...document.querySelectorAll(".cue code")]
  .filter((each) => each.getClientRects().length > 1).map((each) => each.textContent)"""

# A camera that shows a film of a person, again and again; Firefox's own shows plain colours only.
PERSON = """if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = async () => {
  const film = document.createElement("video");
  film.src = URL.createObjectURL(await (await fetch("/samples/live.mp4")).blob());
  film.muted = film.loop = true;
  await film.play();
  return film.mozCaptureStream();
};"""

Press = Callable[[str], None]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with running_firefox(tmp_path_factory.mktemp("firefox")) as started:
        yield started


def click(button: Locator) -> None:
    """Click where a button is shown. Playwright's own click scrolls in Firefox, as no user would."""
    expect(button).to_be_enabled()
    expect(button).to_be_in_viewport(ratio=0.99)
    box = button.bounding_box()
    assert box is not None
    button.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def presser(page: Page, by: str) -> Press:
    """Press a button or a link by the mouse, or by Tab and Enter."""

    def press(selector: str) -> None:
        if by == "mouse":
            click(page.locator(selector))
            return
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                page.keyboard.press("Enter")
                return
        raise AssertionError(f"Tab does not reach {selector}")

    return press


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


@pytest.mark.parametrize(("size", "by"), EVERY_WAY)
def test_sample_to_verdict_takes_three_clicks(service: Service, open_page: Open, size: ViewportSize, by: str) -> None:
    prepare_samples()
    page = open_page(service.url, viewport=size)
    press = presser(page, by)
    fits(page)
    press(".hero a[href*='#try']")
    expect(page.locator("[data-sample]").first).to_be_in_viewport()
    fits(page)
    press("[data-sample*='refilmed']")
    expect(page.locator("[data-step=pay]")).to_be_visible()
    in_view(page)
    fits(page)
    assert not page.is_visible("[data-unplayable]")
    press("[data-pay-test]")
    expect(page.locator("[data-step=pay]")).to_be_hidden()
    in_view(page)
    answered(page)
    fits(page)
    assert page.inner_text("#answer .word") == "Spoof"
    with page.expect_download() as receipt:
        page.click("[data-receipt]")
    keys = httpx.get(f"{service.url}/.well-known/jwks.json").json()
    assert verified_answer(receipt.value.path().read_text(), keys, base=service.url)
    page.reload()
    expect(page.locator("[data-step=answer]")).to_be_visible()
    page.evaluate("document.querySelectorAll('#answer details').forEach((each) => each.open = true)")
    fits(page)
    assert page.evaluate(BROKEN) == []


@pytest.mark.parametrize(
    ("size", "by", "camera"),
    [pytest.param(WIDE, "mouse", PERSON, id="wide-mouse-person"), pytest.param(NARROW, "keys", None, id="narrow-keys")],
)
def test_filmed_clip_reaches_the_service(
    service: Service, open_page: Open, size: ViewportSize, by: str, camera: str | None
) -> None:
    prepare_samples()
    page = open_page(service.url + PAGE, camera, viewport=size)
    press = presser(page, by)
    press("[data-record]")
    expect(page.locator("[data-film]")).to_be_enabled()
    in_view(page)
    assert page.evaluate(WITHIN, "[data-stage]")
    # Firefox puts its own button on a video without it.
    assert page.evaluate("document.querySelector('[data-camera]').disablePictureInPicture")
    fits(page)
    press("[data-film]")
    expect(page.locator("[data-try]")).to_have_class(re.compile("filming"))
    in_view(page)
    assert page.evaluate(WITHIN, "[data-stage]")
    expect(page.locator("[data-step=pay]")).to_be_visible()
    in_view(page)
    assert page.inner_text("[data-name]").startswith("recording.webm")
    assert re.search(r"[0-9.]+ s usable of [0-9.]+ s, \d+ frames a second", page.inner_text("[data-checked]"))
    press("[data-pay-test]")
    if camera is None:
        assert "No face was found" in problem(page)
        return
    answered(page)
    # The pictures are drawn from Firefox's own recording, which has no index.
    assert page.locator("[data-strip] canvas").count() > 1


def test_component_films_a_webm_for_another_site(embed: Embed) -> None:  # noqa: F811
    issued = Issued()
    page, element = embed(issued, viewport=NARROW)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(element.locator(".main")).to_be_focused()
    page.keyboard.press("Enter")
    reach(element, "place")
    expect(element.locator(".main")).to_be_focused()
    assert element.locator("video").evaluate("(video) => video.disablePictureInPicture")
    page.keyboard.press("Enter")
    reach(element, "steps")
    expect(element.locator(".prompt")).to_be_focused()
    for part in (".prompt", ".stage", ".cancel"):
        expect(element.locator(part)).to_be_in_viewport(ratio=0.99)
    fits(page)
    reach(element, "done")
    assert page.evaluate("shown.map(([, arrow]) => arrow)") == [*KINDS]
    assert events(page) == ["ready", "begun", "step", "step", "step", "clip", "handed-over"]
    for place, mark in enumerate(page.evaluate("heard.at(-2)[1].marks")):
        assert LEAD + WINDOW * place <= mark["at"] < LEAD + WINDOW * (place + 1)
    assert issued.clip_type == "video/webm"
    frames = decoded(issued.clip)
    assert frames[-1][0] - frames[0][0] > LEAD + WINDOW
    assert len({picture.shape for _, picture in frames}) == 1


def test_answer_to_a_challenge_reaches_the_service(service: Service, open_page: Open) -> None:
    page = open_page(service.url + PAGE, viewport=NARROW)
    press = presser(page, "mouse")
    press("[data-challenge]")
    expect(page.locator("[data-pay-test]")).to_be_visible()
    in_view(page)
    press("[data-pay-test]")
    element = page.locator("alive-capture")
    for state in ("consent", "place", "steps"):
        reach(element, state)
        in_view(page)
        fits(page)
        if state != "steps":
            click(element.locator(".main"))
    for part in (".prompt", ".stage", ".cancel"):
        expect(element.locator(part)).to_be_in_viewport(ratio=0.99)
    assert "No face was found" in problem(page)
