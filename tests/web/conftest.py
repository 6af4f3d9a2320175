"""Fixtures: a real browser with a fake camera that shows the demo's person, and a connection that can be cut."""

from __future__ import annotations

import select
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.conftest import Image
from tests.http.conftest import Service, service, start, videos  # noqa: F401  the same service as other doors have

CHROMIUM = shutil.which("chromium")
PAGE = "/services/video-face-liveness-detection"
# A face at the width that a phone's camera gives it.
ENLARGED = 4

Launch = Callable[..., Browser]
Open = Callable[..., Page]


@pytest.fixture(scope="session")
def answers() -> None:
    """None: the service judges each file itself, so that the page shows every step of the work."""


@pytest.fixture(scope="module")
def launch() -> Iterator[Launch]:
    """Start the system's Chromium with further arguments; it ends with the tests of the file."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    # While Playwright runs, no other event loop can run in this thread: so it ends with the file, not with the session.
    with sync_playwright() as playwright:

        def begin(*arguments: str) -> Browser:
            return playwright.chromium.launch(executable_path=CHROMIUM, args=list(arguments))

        yield begin


@pytest.fixture(scope="session")
def camera(person: list[Image], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The camera's picture: the person of the bona fide clip, as Motion JPEG."""
    path = tmp_path_factory.mktemp("camera") / "person.mjpeg"
    with path.open("wb") as file:
        for frame in person:
            large = cv2.resize(frame, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
            file.write(cv2.imencode(".jpg", large)[1].tobytes())
    return path


@pytest.fixture(scope="module")
def browser(launch: Launch, camera: Path) -> Browser:
    """A browser with a camera that is allowed."""
    return launch(
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
    )


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Open an address in a new profile; violations of the security policy and script errors fail the test."""
    wrong: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            wrong.append(message.text)

    def begin(address: str, script: str | None = None, **profile: Any) -> Page:
        page = browser.new_context(**profile).new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        if script is not None:
            page.add_init_script(script)
        page.goto(address)
        return page

    yield begin
    for context in browser.contexts:
        context.close()
    assert wrong == []


class Line:
    """A network connection to a service that can be cut and restored."""

    def __init__(self, port: int, cut_after: bytes) -> None:
        self._to = port
        self._cut_after = cut_after
        self._whole = threading.Event()
        self._whole.set()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def cut(self) -> None:
        """Cut the connection: open sockets end, and new ones fail."""
        self._whole.clear()

    def mend(self) -> None:
        """Restore the connection for good."""
        self._cut_after = b""
        self._whole.set()

    def serve(self) -> None:
        """Forward every connection until closed."""
        while True:
            try:
                near, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def close(self) -> None:
        """Close the connection."""
        self.cut()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _carry(self, near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", self._to)) as far:
            other = {near: far, far: near}
            while self._whole.is_set():
                for ready in select.select(list(other), [], [], 0.05)[0]:
                    try:
                        said = ready.recv(65536)
                        other[ready].sendall(said)
                        if ready is near and self._cut_after and self._cut_after in said:
                            self.cut()
                    except OSError:
                        return
                    if not said:
                        return


@contextmanager
def line_to(service: Service, cut_after: bytes) -> Iterator[Line]:  # noqa: F811
    """A connection to the service that is cut once these bytes have passed."""
    line = Line(int(service.url.rpartition(":")[2]), cut_after)
    carrier = threading.Thread(target=line.serve, daemon=True)
    carrier.start()
    try:
        yield line
    finally:
        line.close()
        carrier.join(5)
