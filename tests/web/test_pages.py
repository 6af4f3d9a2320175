"""Tests of every page: content without scripts, size, accessibility, and security headers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import httpx
import playwright
import pytest
from axe_playwright_python.sync_playwright import Axe
from eth_account import Account
from playwright.sync_api import Page, expect

from alive402.catalog import LIVENESS
from alive402.services import SERVICES
from tests.conftest import Image
from tests.http.conftest import Service, Start
from tests.web.conftest import PAGE, Open
from tests.web.steps import answered

FIRST_LOAD_BYTES = 90_000
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def sound(page: Page, where: str) -> None:
    """Check for serious violations of WCAG AA, in dark and light, and for anything wider than the screen."""
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
    for scheme, asked in (("light", rules), ("dark", {"runOnly": {"type": "rule", "values": ["color-contrast"]}})):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found = Axe().run(page, options={**asked, "resultTypes": ["violations"]})
        serious = [
            (each["id"], node["target"], node["failureSummary"])
            for each in found.response["violations"]
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"]
        ]
        assert serious == [], (where, scheme)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), where


def test_every_page_and_step_is_accessible(service: Service, open_page: Open, person: list[Image]) -> None:
    page = open_page(service.url, reduced_motion="reduce", **PHONE)
    sound(page, "home")
    for address in service_pages(service):
        page.goto(address)
        sound(page, address)
    page.goto(service.url + PAGE)
    jpeg = cv2.imencode(".jpg", cv2.resize(person[0], None, fx=3, fy=3))[1].tobytes()
    page.set_input_files("[data-file]", {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": jpeg})
    page.wait_for_selector("[data-step=problem]:not([hidden])")
    sound(page, "problem")
    page.click("[data-across]:visible")
    expect(page.locator("[data-name]")).to_contain_text("me.jpg")
    page.click("[data-pay-test]")
    answered(page)
    sound(page, "answer of a picture")
    page.goto(service.url)
    page.click("text=Try it with your own video")
    page.click("[data-record]")
    expect(page.locator("[data-film]")).to_be_enabled()
    sound(page, "film")
    page.click("[data-unfilm]")
    page.locator("[data-sample]").first.click()
    page.wait_for_selector("[data-step=pay]:not([hidden])")
    assert not page.is_visible("[data-doubtful]"), page.inner_text("[data-doubtful]")
    sound(page, "pay")
    page.click("[data-pay-test]")
    page.wait_for_selector("[data-step=work]:not([hidden])")
    sound(page, "work")
    answered(page)
    page.evaluate("document.querySelectorAll('#answer details').forEach((each) => each.open = true)")
    sound(page, "answer")
    page.click("[data-report]")
    expect(page.locator("h1")).to_have_text("Report")
    sound(page, "report")


def test_every_step_works_by_keyboard(service: Service, open_page: Open) -> None:
    page = open_page(service.url + PAGE)
    page.focus("[data-record]")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.hasAttribute('data-challenge')")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "try-file"
    for _ in (*page.locator("[data-sample]").all(), "the address"):
        page.keyboard.press("Tab")
    page.keyboard.type("ftp://nowhere")
    page.keyboard.press("Enter")
    expect(page.locator("#try-url-wrong")).to_be_visible()
    assert page.evaluate("document.activeElement.id") == "try-url"
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("https://example.com/video.mp4")
    page.keyboard.press("Enter")
    expect(page.locator("[data-step=pay] h3")).to_be_focused()
    for name in ("data-other", "data-pay-test"):
        page.keyboard.press("Tab")
        assert page.evaluate(f"document.activeElement.hasAttribute('{name}')")


def test_pages_without_scripts_show_all_but_try_it(service: Service, open_page: Open) -> None:
    page = open_page(service.url + PAGE, java_script_enabled=False)
    assert "need JavaScript" in page.inner_text("#try")
    assert not page.is_visible("[data-app]")
    said = page.inner_text("main")
    for words in (*LIVENESS.use_cases, *LIVENESS.limitations, LIVENESS.price, "healthy"):
        assert words in said
    for tab, words in (("Python", "x402Client"), ("JavaScript", "fetch("), ("MCP", "mcpServers"), ("curl", "curl -s")):
        page.click(f".tabs label:has-text('{tab}')")
        assert words in page.inner_text(".tabs pre:visible")
    page.goto(service.url)
    # Not every system has a font for Chinese.
    assert (page.get_attribute("#q", "placeholder") or "-").isascii()
    page.fill("#q", "is this selfie video a screen replay?")
    page.press("#q", "Enter")
    assert "services match “is this selfie video" in page.inner_text("main")
    assert page.locator("article").first.inner_text().startswith(LIVENESS.name)
    page.goto(f"{service.url}/?q=zebra")
    assert "No service matches" in page.inner_text("main")


def test_first_load_is_small_and_cached(service: Service, open_page: Open) -> None:
    page = open_page("about:blank")
    loaded: dict[str, int] = {}
    page.on("response", lambda response: loaded.update({response.url: len(response.body())}))
    page.goto(service.url + PAGE, wait_until="networkidle")
    assert len(loaded) > 8
    assert sum(loaded.values()) < FIRST_LOAD_BYTES, loaded
    for address in loaded:
        again = httpx.get(address, headers={"If-None-Match": httpx.get(address).headers.get("etag", "")})
        assert again.status_code == 304, address
        assert ("immutable" in again.headers.get("cache-control", "")) == ("/static/" in address)
    card = page.get_attribute("meta[property='og:image']", "content") or ""
    assert httpx.get(card).headers["content-type"] == "image/png"
    assert card not in loaded
    assert page.get_attribute("meta[property='og:title']", "content") == page.title()
    page.context.grant_permissions(["clipboard-read"])
    page.click(".tabs > .copy")
    expect(page.locator(".tabs > .copy")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == page.text_content(".shown-curl")
    name = next(address for address in loaded if address.endswith("try.js"))
    older = httpx.get(re.sub("/static/[^/]+/", "/static/0000/", name))
    assert (older.status_code, older.headers["cache-control"]) == (200, "no-cache")
    assert httpx.get(f"{service.url}/static/x/../../lazy.py").status_code == 404


def test_pages_load_nothing_from_other_hosts(service: Service) -> None:
    for address in (service.url, *service_pages(service)):
        headers = httpx.get(address).headers
        policy = dict(each.split(" ", 1) for each in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["form-action"] == ("'self'" if address == service.url else "'none'")
        assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
        assert headers["permissions-policy"].startswith("camera=(self)")
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", httpx.get(address).text)
    assert httpx.get(f"{service.url}/healthz").headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nothing", 404, "There is nothing at this address."),
        ("/services/x/llms.txt", 404, "No service has this id."),
        ("/reports/x/answer.json", 404, "report"),
        ("/api/jobs/x", 404, "job"),
        ("/api/tools/video-face-liveness-detection", 405, "for programs"),
        ("/mcp", 405, "Agents connect here over MCP."),
        ("/sse", 404, "There is nothing at this address."),
        (f"/?q={'a' * 600}", 400, "The request is not valid."),
    ],
)
def test_browser_gets_a_page_for_an_error(service: Service, path: str, status: int, words: str) -> None:
    browsing = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"}
    shown = httpx.get(service.url + path, headers=browsing)
    assert (shown.status_code, shown.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert words in shown.text
    assert "To the services" in shown.text
    assert ("allow" in shown.headers) == (status == 405)
    said = httpx.get(service.url + path)
    assert (said.status_code, said.headers["content-type"]) == (status, "application/json")
    # MCP has an error form of its own.
    assert said.json().get("charged", False) is False


def test_browser_gets_a_page_for_an_unexpected_error(start: Start) -> None:
    broken = start((replace(SERVICES[0], try_template="absent.html"), *SERVICES[1:])).url + PAGE
    shown = httpx.get(broken, headers={"Accept": "text/html"})
    assert (shown.status_code, shown.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "The service has a fault" in shown.text
    assert f"internal_error · request {shown.headers['x-request-id']}" in shown.text
    assert "absent.html" not in shown.text
    assert httpx.get(broken).json()["code"] == "internal_error"


def test_pages_link_to_the_docs_where_they_are_published(start: Start, service: Service) -> None:
    shown = httpx.get(start(docs_url="https://docs.example/").url).text
    assert '<a href="https://docs.example/">Docs</a>' in shown
    assert ">Docs</a>" not in httpx.get(service.url).text


def test_examples_on_the_page_run(service: Service, open_page: Open, videos: str, tmp_path: Path) -> None:
    page = open_page(service.url + PAGE)
    texts = {each: page.text_content(f".shown-{each}") or "" for each in ("curl", "python", "javascript", "mcp")}
    ready = {name: text.replace("https://example.com/video.mp4", f"{videos}/face.mp4") for name, text in texts.items()}
    account = Account.create()
    assert httpx.post(f"{service.url}/devchain/faucet", json={"address": account.address}).status_code == 200
    key = {"WALLET_KEY": "0x" + bytes(account.key).hex()}
    said = subprocess.run([sys.executable, "-c", ready["python"]], env=key, capture_output=True, text=True, timeout=120)
    assert said.stdout.strip() in {"live", "spoof", "inconclusive"}, said.stderr
    node = Path(playwright.__file__).parent / "driver" / "node"
    script = tmp_path / "example.mjs"
    script.write_text('const TOKEN = "none";\n' + ready["javascript"])
    said = subprocess.run([node, script], capture_output=True, text=True, timeout=120)
    assert "No payment has this token" in said.stdout, said.stderr
    unpaid = subprocess.run(
        ["bash", "-c", ready["curl"]], env={"TOKEN": "none"}, capture_output=True, text=True, timeout=60
    )
    assert [json.loads(each)["code"] for each in re.split(r"(?<=})(?={)", unpaid.stdout)] == [
        "payment_required",
        "token_unknown",
    ]
    assert json.loads(texts["mcp"])["mcpServers"]["alive402"]["url"] == f"{service.url}/mcp"


def service_pages(service: Service) -> list[str]:
    found = httpx.get(f"{service.url}/api/catalog").json()["services"]
    return [each["discovery"]["page"] for each in found]
