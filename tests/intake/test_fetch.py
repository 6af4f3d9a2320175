"""Tests of fetching from real sockets: results, refusals, and that no refusal contains an address."""

from __future__ import annotations

import asyncio
import http.server
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from alive402.intake import fetch as subject
from alive402.intake.errors import (
    FetchTimeout,
    ForbiddenAddress,
    HostNotFound,
    IntakeError,
    InvalidUrl,
    MediaFull,
    TooManyHops,
    Unreachable,
    UpstreamStatus,
)
from alive402.intake.fetch import FetchLimits
from alive402.liveness import VideoTooLarge

OPEN = FetchLimits(allow_private=True, max_bytes=100_000, seconds=5)
CLOSED = FetchLimits()


class Host(http.server.BaseHTTPRequestHandler):
    """A host that misbehaves according to the path."""

    protocol_version = "HTTP/1.0"
    seen: list[dict[str, str]] = []  # noqa: RUF012

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        Host.seen.append(dict(self.headers.items()))
        port = self.server.server_address[1]
        match self.path:
            case "/video":
                self._say(200, b"v" * 1000)
            case "/endless":
                # No length, no end: only the cap while streaming stops it.
                self.send_response(200)
                self.end_headers()
                with_cap = 400_000
                try:
                    for _ in range(with_cap // 1000):
                        self.wfile.write(b"v" * 1000)
                except OSError:
                    pass
            case "/lying":
                self.send_response(200)
                self.send_header("Content-Length", str(10**9))
                self.end_headers()
            case "/slow":
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"v")
                self.wfile.flush()
                self.server.stop_slow.wait(10)  # type: ignore[attr-defined]
            case "/loop":
                self._redirect(f"http://127.0.0.1:{port}/loop")
            case "/there":
                self._redirect("/video")
            case "/raw":
                # As hosts send it: the bytes of UTF-8.
                self._redirect("/视频.mp4".encode().decode("latin-1"))
            case "/%E8%A7%86%E9%A2%91.mp4":
                self._say(200, b"v" * 10)
            case "/metadata":
                self._redirect("http://169.254.169.254/latest")
            case "/file":
                self._redirect("file:///etc/passwd")
            case _:
                self._say(404, b"")

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _redirect(self, where: str) -> None:
        self.send_response(302)
        self.send_header("Location", where)
        self.end_headers()


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host) as server:
        server.stop_slow = threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.stop_slow.set()  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()


def get(url: str, folder: Path, limits: FetchLimits = OPEN) -> int:
    return asyncio.run(subject.fetch_file(url, folder / "video", limits))


def test_fetch_writes_the_whole_video(host: str, tmp_path: Path) -> None:
    assert get(f"{host}/video", tmp_path) == 1000
    assert (tmp_path / "video").read_bytes() == b"v" * 1000
    assert Host.seen[-1]["Accept-Encoding"] == "identity"
    assert Host.seen[-1]["Host"] == host.removeprefix("http://")


@pytest.mark.parametrize("path", ["/视频.mp4", "/%E8%A7%86%E9%A2%91.mp4", "/raw"])
def test_raw_characters_are_sent_percent_encoded(host: str, tmp_path: Path, path: str) -> None:
    assert get(f"{host}{path}", tmp_path) == 10


def test_host_that_does_not_know_raw_characters_is_told_with_advice(host: str, tmp_path: Path) -> None:
    with pytest.raises(UpstreamStatus, match="percent-encoded") as caught:
        get(f"{host}/照片.mp4", tmp_path)
    assert caught.value.details == {"upstream_status": 404}
    with pytest.raises(UpstreamStatus) as plain:
        get(f"{host}/none", tmp_path)
    assert "percent" not in plain.value.message


@pytest.mark.parametrize("url", ["https://example.com/my video.mp4", "https://example.com/a\u3000b", "https://a.b/c\n"])
def test_space_in_a_url_is_refused_with_advice(url: str) -> None:
    with pytest.raises(InvalidUrl, match="Percent-encode it: a space is %20"):
        subject.check_url(url, CLOSED)


def test_redirect_is_followed(host: str, tmp_path: Path) -> None:
    assert get(f"{host}/there", tmp_path) == 1000


def test_proxies_of_the_environment_are_ignored(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert get(f"{host}/video", tmp_path) == 1000


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/none", UpstreamStatus),
        ("/endless", VideoTooLarge),
        ("/lying", VideoTooLarge),
        ("/loop", TooManyHops),
        ("/metadata", ForbiddenAddress),
        ("/file", InvalidUrl),
    ],
)
def test_bad_host_is_refused(host: str, tmp_path: Path, path: str, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        get(f"{host}{path}", tmp_path)
    assert "127.0.0.1" not in f"{caught.value}{getattr(caught.value, 'details', '')}"


def test_slow_host_times_out(host: str, tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(FetchTimeout):
        get(f"{host}/slow", tmp_path, FetchLimits(allow_private=True, seconds=0.5))
    assert time.monotonic() - began < 3


def test_closed_port_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        get("http://127.0.0.1:9/video", tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/v",
        "http://localhost/v",
        "http://localhost./v",
        "http://0x7f000001/v",
        "http://2130706433/v",
        "http://0177.0.0.1/v",
        "http://127.1/v",
        "http://[::1]/v",
        "http://[::ffff:127.0.0.1]/v",
        "http://[64:ff9b::a9fe:a9fe]/v",
        "http://100.100.100.200/v",
        "https://169.254.169.254/v",
        "http://10.0.0.1:8080/v",
    ],
)
def test_private_addresses_are_forbidden_in_any_spelling(url: str, tmp_path: Path) -> None:
    with pytest.raises((ForbiddenAddress, HostNotFound, InvalidUrl)) as caught:
        get(url, tmp_path, CLOSED)
    assert isinstance(caught.value, IntakeError)
    assert not caught.value.details


def test_name_is_resolved_once_and_its_checked_address_is_dialled(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second DNS answer (rebinding) would lead to the metadata service."""
    port = int(host.rsplit(":", 1)[1])
    answers = iter(["127.0.0.1", "169.254.169.254"])

    def resolve(name: str, *_arguments: object, **_options: object) -> list[object]:
        assert name == "video.example"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert get(f"http://video.example:{port}/video", tmp_path) == 1000
    assert Host.seen[-1]["Host"] == f"video.example:{port}"
    assert next(answers) == "169.254.169.254"


def test_one_private_address_among_public_ones_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in ("93.184.216.34", "10.0.0.7")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: found)
    with pytest.raises(ForbiddenAddress):
        get("http://video.example/video", tmp_path, CLOSED)


def test_full_disk_is_no_fault_of_the_host(host: str) -> None:
    with pytest.raises(MediaFull):
        asyncio.run(subject.fetch_file(f"{host}/video", Path("/dev/full"), OPEN))


def test_metadata_address_is_always_forbidden(tmp_path: Path) -> None:
    with pytest.raises(ForbiddenAddress):
        get("http://169.254.169.254/latest", tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "video.mp4",
        "ftp://example.com/v",
        "file:///etc/passwd",
        "http://",
        "http://user:secret@example.com/v",
        "http://example.com:22/v",
        "http://example.com/a b",
        "http://example.com/\r\nX: y",
        "http://exa\x00mple.com/",
        "http://[::1/v",
        "http://example.com:99999/",
        "http://example.com/" + "v" * 3000,
    ],
)
def test_bad_url_is_refused_before_any_request(url: str) -> None:
    with pytest.raises(InvalidUrl):
        subject.check_url(url, CLOSED)


def test_trusted_authorities_are_read_once() -> None:
    backend = subject.CheckedAddresses(["192.0.2.1"])
    pools = [
        subject.connections(httpx.URL(f"{url}.example/"), backend) for url in ("https://a", "https://b", "http://c")
    ]
    contexts = [pool._ssl_context for pool in pools]
    assert contexts[0] is contexts[1]
    assert isinstance(contexts[0], ssl.SSLContext)
    assert contexts[2] is None
