"""Tests of posting to callback URLs, on real sockets."""

from __future__ import annotations

import asyncio
import http.server
import threading
from collections.abc import Iterator

import pytest

from alive402.intake.callbacks import check, post
from alive402.intake.errors import FetchTimeout, ForbiddenAddress, HostNotFound, InvalidUrl, Unreachable
from alive402.intake.fetch import FetchLimits

PRIVATE_ALLOWED = FetchLimits(allow_private=True, seconds=2)


class Host(http.server.BaseHTTPRequestHandler):
    """Notes each body; `/moved` redirects, `/slow` never answers."""

    bodies: list[tuple[str, bytes]] = []  # noqa: RUF012
    stop = threading.Event()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.bodies.append((self.path, body))
        if self.path == "/slow":
            self.stop.wait(5)
        self.send_response(302 if self.path == "/moved" else 204)
        self.send_header("Location", "/other")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        Host.stop.set()
        server.shutdown()
        thread.join()


def posted(url: str, limits: FetchLimits = PRIVATE_ALLOWED) -> int:
    return asyncio.run(post(url, b"body", {"Content-Type": "text/plain"}, limits))


def test_body_is_posted_and_the_status_returned(host: str) -> None:
    assert posted(f"{host}/jobs?id=1") == 204
    assert Host.bodies[-1] == ("/jobs?id=1", b"body")


def test_redirect_is_not_followed(host: str) -> None:
    assert posted(f"{host}/moved") == 302
    assert Host.bodies[-1][0] == "/moved"


def test_private_address_is_not_dialled(host: str) -> None:
    before = len(Host.bodies)
    with pytest.raises(ForbiddenAddress):
        posted(host.replace(host.rsplit(":", 1)[1], "80"), FetchLimits())
    with pytest.raises(ForbiddenAddress):
        asyncio.run(check("http://127.0.0.1/", FetchLimits()))
    assert len(Host.bodies) == before


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("ftp://host.example/", InvalidUrl),
        ("http://nowhere.invalid/", HostNotFound),
        ("http://169.254.169.254/", ForbiddenAddress),
    ],
)
def test_bad_url_is_refused(url: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        asyncio.run(check(url, PRIVATE_ALLOWED))


def test_silent_and_closed_hosts_have_errors(host: str) -> None:
    with pytest.raises(FetchTimeout):
        posted(f"{host}/slow", FetchLimits(allow_private=True, seconds=0.3))
    with pytest.raises(Unreachable):
        posted("http://127.0.0.1:1/")
