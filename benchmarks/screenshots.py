"""Takes the pictures of the docs from the real page: Chromium, test money, and the project's sample clips.

    python -m benchmarks.screenshots [--out FOLDER]

The only face is that of the demonstration's clip (NOTICE). Run it again after a change of the pages' look.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import httpx
import numpy as np
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from alive402.catalog import LIVENESS

OUT = Path(__file__).parents[1] / "docs/pictures"
MOST_BYTES = 300_000
QUALITY = 82
WIDTH, HEIGHT, SCALE = 860, 720, 1.5
START_SECONDS, ANSWER_SECONDS = 180, 120


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        print("Chromium is not installed: apt-get install chromium", file=sys.stderr)
        return 69
    options.out.mkdir(parents=True, exist_ok=True)
    with _service() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        try:
            sizes = [_save(options.out / name, png) for name, png in _pictures(browser, url)]
        finally:
            browser.close()
    print(f"{sum(sizes)} bytes together, at most {MOST_BYTES}")
    return int(sum(sizes) > MOST_BYTES)


def _pictures(browser: Browser, url: str) -> Iterator[tuple[str, bytes]]:
    """Each picture of the docs: its file and its pixels as PNG."""
    profile = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT},
        device_scale_factor=SCALE,
        color_scheme="light",
        reduced_motion="reduce",
    )
    page = profile.new_page()
    page.goto(url, wait_until="networkidle")
    yield "home.webp", page.screenshot()
    page.goto(url + LIVENESS.page, wait_until="networkidle")
    page.locator("[data-samples]").scroll_into_view_if_needed()
    yield "try.webp", _shot(page.locator("#try"))
    page.locator("[data-sample]").nth(1).click()
    page.wait_for_selector("[data-step=pay]:not([hidden])")
    yield "pay.webp", _shot(page.locator("#try"))
    page.click("[data-pay-test]")
    page.wait_for_selector("[data-step=answer]:not([hidden])", timeout=1000 * ANSWER_SECONDS)
    page.wait_for_selector("[data-decisive] canvas")
    yield "answer.webp", _shot(page.locator("#try"))
    page.goto(f"{url}/accuracy", wait_until="networkidle")
    yield "accuracy.webp", _curves(page)


def _shot(part: Locator) -> bytes:
    """A part of the page, once its pictures are there."""
    part.page.wait_for_load_state("networkidle")
    return part.screenshot()


def _curves(page: Page) -> bytes:
    """The first service's curves with their legend, without the table."""
    page.evaluate(
        """
        document.querySelectorAll(".accuracy > .wide, .accuracy > p").forEach((each) => each.hidden = true);
        document.querySelector(".accuracy").style.padding = "24px 24px 8px";
        document.querySelector(".accuracy h2").style.marginTop = 0;
        """
    )
    return _shot(page.locator(".accuracy").first)


def _save(path: Path, png: bytes) -> int:
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    cv2.imwrite(str(path), pixels, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
    size = path.stat().st_size
    print(f"{path}: {pixels.shape[1]} x {pixels.shape[0]}, {size} bytes")
    return size


@contextmanager
def _service() -> Iterator[str]:
    """The URL of a service with test money, which ends afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "alive402", "serve", "--port", str(port)]
    with tempfile.TemporaryDirectory() as folder:
        database = {"ALIVE402_DATABASE_URL": f"sqlite+aiosqlite:///{folder}/ledger.db"}
        running = subprocess.Popen(command, env={**os.environ, **database}, stdout=subprocess.DEVNULL)
        try:
            _wait(url, running)
            yield url
        finally:
            running.terminate()
            running.wait()


def _wait(url: str, running: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and running.poll() is None:
        try:
            if httpx.get(f"{url}/readyz").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    raise SystemExit("The service did not start.")


if __name__ == "__main__":
    sys.exit(main())
