"""Tests of "Try it" in a browser: record, pay, read the verdict; advice on problems."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
from playwright.sync_api import Route, expect

from alive402.demo import Clips
from alive402.receipts import contradiction, verified
from alive402.services import DEFINITIONS
from alive402.web import load_assets
from tests.conftest import Image, write_video
from tests.http.conftest import Service
from tests.web.conftest import PAGE, Launch, Open, line_to
from tests.web.steps import answered, choose, in_view, payments_in, problem

# What the guide says of drawn pictures: a background, and a face of some size in the colour of skin.
GUIDED = """async (name) => {
  const script = document.querySelector("script[src*='/static/']").src;
  const { Guide } = await import(script.replace(/[^/]+\\/[^/]+$/, name));
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
  Object.assign(canvas, { videoWidth: 320, videoHeight: 240 });
  const pen = canvas.getContext("2d");
  const draw = (behind, skin, across, up) => {
    Object.assign(pen, { fillStyle: behind });
    pen.fillRect(0, 0, 320, 240);
    pen.fillStyle = skin;
    pen.beginPath();
    pen.ellipse(160, 120, across, up, 0, 0, 7);
    pen.fill();
  };
  const seen = (...picture) => {
    draw(...picture);
    const { code, usable } = new Guide(canvas).look(0);
    return [code, usable];
  };
  const skin = "rgb(200,140,115)", room = "rgb(90,130,170)";
  const guide = new Guide(canvas);
  draw(room, skin, 62, 86);
  guide.look(0);
  draw("rgb(190,230,250)", skin, 62, 86);
  const moved = guide.look(33);
  return {
    dark: seen("#111", "rgb(40,20,15)", 62, 86), bright: seen("#fff", "#fffdfa", 62, 86), room: seen(room, room, 1, 1),
    small: seen(room, skin, 42, 58), face: seen(room, skin, 62, 86), close: seen(room, skin, 150, 200),
    moved: [moved.code, moved.usable], grey: seen("#777", "#aaa", 62, 86),
  };
}"""

# Keeps every stream of the camera; and clicks and leaves within one task, so that nothing happens in between.
STREAMS = """(() => {
  const devices = navigator.mediaDevices;
  const opened = devices?.getUserMedia.bind(devices);
  globalThis.streams = [];
  if (devices) devices.getUserMedia = async (wish) => {
    const stream = await opened(wish);
    streams.push(stream);
    return stream;
  };
  globalThis.press = (...names) => {
    for (const name of names) {
      if (name === "Escape") dispatchEvent(new KeyboardEvent("keydown", { key: name }));
      else document.querySelector(`[data-${name}]`).click();
    }
  };
})()"""


def test_user_records_pays_and_downloads_the_receipt(service: Service, open_page: Open, tmp_path: Path) -> None:
    page = open_page(service.url + PAGE, accept_downloads=True)
    elsewhere = []
    page.on("request", lambda request: request.url.startswith(service.url) or elsewhere.append(request.url))
    page.click("[data-record]")
    expect(page.locator("[data-guide]")).to_contain_text(re.compile("oval|camera|light|still"))
    page.click("[data-film]")
    page.keyboard.press("Escape")
    expect(page.locator("[data-step=choose]")).to_be_visible()
    page.click("[data-record]")
    expect(page.locator("[data-film]")).to_be_enabled()
    page.click("[data-film]")
    in_view(page)
    stage = page.locator("[data-stage]").bounding_box()
    assert stage is not None
    assert stage["y"] >= 0
    assert stage["y"] + stage["height"] <= page.evaluate("innerHeight")
    page.wait_for_selector("[data-step=pay]:not([hidden])")
    assert re.search(r"[0-9.]+ s usable of [0-9.]+ s, \d+ frames a second", page.inner_text("[data-checked]"))
    page.click("[data-pay-test]")
    answered(page)
    assert page.evaluate("document.activeElement.hasAttribute('data-answer')")
    with page.expect_download() as download:
        page.click("[data-receipt]")
    receipt = tmp_path / "receipt.json"
    download.value.save_as(receipt)
    said = json.loads(receipt.read_text())
    claims = verified(said["data"]["Receipt"], httpx.get(f"{service.url}/.well-known/jwks.json").json())
    assert contradiction(said, claims, DEFINITIONS, service.url) is None
    assert claims["payment"]["transaction"] == said["payment"]["transaction"]
    assert page.locator("[data-strip] canvas").count() == len(said["data"]["Liveness"]["frames"])
    assert f"{said['data']['Liveness']['live_confidence']:.2f}" in page.inner_text("#answer .sure")
    # Frames count, not seconds on the clock: the pulse needs 4 s of them.
    assert said["data"]["Liveness"]["video"]["seconds"] > 4
    verdict = page.inner_text("#answer .word")
    page.reload()
    expect(page.locator("[data-step=answer]")).to_be_visible()
    assert page.inner_text("#answer .word") == verdict
    report = page.get_attribute("[data-history] .word", "href") or ""
    assert page.locator("[data-history] li").count() == 1
    assert httpx.get(service.url + report).status_code == 200
    page.click("[data-erase]")
    assert httpx.get(service.url + report).status_code == 200
    page.click("[data-erase]")
    expect(page.locator("[data-step=erased]")).to_be_visible()
    assert httpx.get(service.url + report).status_code == 410
    assert not page.is_visible("[data-history]")
    assert [address for address in elsewhere if not address.startswith("blob:")] == []


def test_camera_is_closed_whenever_the_user_leaves(service: Service, open_page: Open) -> None:
    page = open_page(service.url + PAGE, STREAMS)
    active = "streams.filter((each) => each.active).length"
    # Left before the camera is open, and entered again at once: one camera is open, and it is the one shown.
    page.evaluate("press('record', 'Escape', 'record')")
    expect(page.locator("[data-film]")).to_be_enabled()
    assert page.evaluate(f"[{active}, document.querySelector('[data-camera]').srcObject.active]") == [1, True]
    # Left before the film begins, and while it counts down.
    page.evaluate("press('film', 'Escape')")
    page.wait_for_function(f"{active} === 0")
    expect(page.locator("[data-step=choose]")).to_be_visible()
    page.evaluate("press('record')")
    expect(page.locator("[data-film]")).to_be_enabled()
    page.evaluate("press('film')")
    expect(page.locator("[data-count]")).to_have_text("3")
    page.evaluate("press('Escape', 'record', 'Escape')")
    page.wait_for_function(f"{active} === 0")
    expect(page.locator("[data-step=choose]")).to_be_visible()
    # A camera that ends by itself is a problem, and not one of the next take.
    page.evaluate("press('record')")
    expect(page.locator("[data-film]")).to_be_enabled()
    assert page.evaluate("(press('film'), document.activeElement.hasAttribute('data-unfilm'))"), "the focus moves on"
    expect(page.locator("[data-count]")).to_have_text("3")
    page.evaluate("streams.at(-1).getTracks().forEach((track) => track.stop())")
    assert "The camera did not record" in problem(page)


def test_unusable_video_is_free_and_keeps_the_payment(
    service: Service, open_page: Open, person: list[Image], videos: str, tmp_path: Path
) -> None:
    page = open_page(service.url + PAGE)
    sent = payments_in(page)
    page.set_input_files("[data-file]", {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no video"})
    assert "Nothing was sent" in problem(page)
    assert sent == []
    page.click("[data-elsewhere]")
    page.set_input_files("[data-file]", {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": b"-"})
    assert "This is a picture" in problem(page)
    assert "/services/face-liveness-detection#try" in (page.get_attribute("[data-across]:visible", "href") or "")
    page.click("[data-elsewhere]")

    choose(page, {"name": "notes.mp4", "mimeType": "video/mp4", "buffer": b"ffconcat version 1.0\n" * 20})
    page.click("[data-pay-test]")
    assert "unsupported_video" in (said := problem(page))
    assert "Nothing was charged" in said
    page.click("[data-elsewhere]")

    choose(page, {"name": "wall.mp4", "mimeType": "video/mp4", "buffer": httpx.get(f"{videos}/empty.mp4").content})
    page.click("[data-pay-kept]")
    assert "No face was found" in problem(page)
    page.click("[data-elsewhere]")

    blink = write_video(tmp_path / "blink.mp4", person[:10])
    choose(page, {"name": "blink.mp4", "mimeType": "video/mp4", "buffer": blink.read_bytes()})
    page.click("[data-pay-kept]")
    assert "The video is too short" in problem(page)
    page.click("[data-elsewhere]")

    page.fill("#try-url", f"{videos}/face.mp4")
    page.click("[data-address] button")
    held: list[Route] = []
    expect(page.locator("[data-pay-kept]")).to_be_visible()
    page.route("**/api/tools/*", lambda route: held.append(route))
    with page.expect_request("**/api/tools/*"):
        page.click("[data-pay-kept]")
    page.click("[data-cancel]")
    held[0].continue_()
    page.unroute("**/api/tools/*")
    expect(page.locator("[data-kept]")).to_be_visible()
    # A reload keeps the payment, and another one the answer that is under way.
    page.reload()
    page.fill("#try-url", f"{videos}/face.mp4")
    page.click("[data-address] button")
    with page.expect_response(lambda answer: "/api/tools/" in answer.url and answer.status == 202):
        page.click("[data-pay-kept]")
    page.reload()
    expect(page.locator("[data-step=waiting]")).to_be_visible()
    page.click("[data-resume]")
    expect(page.locator("[data-step=answer]")).to_be_visible()
    assert len(set(sent)) == 1


def test_same_payment_is_sent_again_after_a_lost_connection(service: Service, open_page: Open, clips: Clips) -> None:
    # The call has arrived whole when the line is cut: the service works on, and its caller hears nothing more.
    with line_to(service, cut_after=b'"VideoUrl"') as line:
        page = open_page(line.url + PAGE)
        sent = payments_in(page)
        before = len(service.histories())
        choose(page, clips.bona_fide)
        page.click("[data-pay-test]")
        said = problem(page)
        assert "The service does not answer" in said
        assert "nothing is paid twice" in said
        assert not page.is_visible("[data-elsewhere]")
        line.mend()
        page.click("[data-again]")
        answered(page)
    assert len(set(sent)) == 1
    (history,) = service.histories()[before:]
    assert history.count("settled") == 1


def test_file_is_offered_without_a_camera(service: Service, launch: Launch) -> None:
    """The browser denies access to the camera."""
    plain = launch()
    page = plain.new_page()
    page.goto(service.url + PAGE)
    page.click("[data-record]")
    assert re.search("camera is not allowed|No camera was found", said := problem(page))
    assert "choose a video" in said
    page.click("[data-elsewhere]")
    expect(page.locator("[data-step=choose]")).to_be_visible()
    codes = page.evaluate(GUIDED, next(each for each in load_assets().files if each.endswith("guide.js")))
    assert codes == {
        "dark": ["dark", False], "bright": ["bright", False], "room": ["none", True], "small": ["far", True],
        "face": ["good", True], "close": ["near", True], "moved": ["shaking", True], "grey": ["good", True],
    }  # fmt: skip
    plain.close()
