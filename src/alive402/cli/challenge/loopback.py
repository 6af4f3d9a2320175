"""The page that films an answer, on this machine alone: a server on 127.0.0.1 with the routes that the component calls.

Nobody else reaches it: the address has a secret, and requests for another host or from another page are refused.
"""

from __future__ import annotations

import json
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from alive402.intake import FetchLimits
from alive402.liveness import Challenge, ChallengeOptions
from alive402.web import film_page, load_assets

SPARE_SECONDS = 45.0
"""Seconds after the clip's length in which it has to arrive, as at the service."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; media-src 'self' blob:; img-src data:"
)
SOCKET_SECONDS = 60


class FilmRefused(Exception):
    """A request that cannot be answered: status, stable code, and a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass
class Filming:
    """The challenges of one filming. The last one that was drawn counts; its steps are returned once.

    Attributes:
        folder: where the clip and its challenge are written.
        options: what may be drawn; the person may change it on the page.
        clip: the clip's file, once it is there.
    """

    folder: Path
    options: ChallengeOptions
    clock: Callable[[], float] = time.monotonic
    clip: Path | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._begun: float | None = None
        self.draw({})

    def draw(self, wishes: dict[str, Any]) -> dict[str, Any]:
        """Draw a challenge, with the movements and the pace that the person asks for."""
        with self._lock:
            self._check_open()
            try:
                avoid = tuple(map(str, wishes.get("avoid", self.options.avoid)))
                self.options = ChallengeOptions(self.options.steps, avoid, wishes.get("pace", self.options.pace))
            except (TypeError, ValueError) as error:
                raise FilmRefused(400, "invalid_input", str(error)) from None
            name, seed = secrets.token_urlsafe(32), secrets.token_bytes(32)
            self.challenge, self._begun = Challenge.new(name, seed, self.options), None
            return {"challengeId": name}

    def state(self, name: str) -> dict[str, Any]:
        """The state of a challenge."""
        with self._lock:
            self._check_known(name)
            state = "filmed" if self.clip else "issued" if self._begun is None else "begun"
            return {"challengeId": name, "state": state}

    def begin(self, name: str) -> dict[str, Any]:
        """Return the steps, once."""
        with self._lock:
            self._check_known(name)
            if self._begun is not None:
                raise FilmRefused(409, "challenge_begun", "The steps were returned already. Ask for a new challenge.")
            self._begun = self.clock()
            return self.challenge.to_dict() | {"fitted": False, "capture": self.challenge.filming()}

    def keep(self, name: str, content: bytes, media_type: str) -> dict[str, Any]:
        """Write the clip that answers a challenge, and the challenge beside it; the same clip may come again."""
        with self._lock:
            self._check_known(name)
            # The page sends its clip again where the answer to it was lost.
            if self.clip is not None and self.clip.read_bytes() == content:
                return self._kept(self.clip)
            self._check_open()
            if self._begun is None:
                raise FilmRefused(409, "challenge_not_begun", "This challenge was not begun.")
            if self.clock() > self._begun + self.challenge.seconds + SPARE_SECONDS:
                raise FilmRefused(410, "challenge_expired", "The clip came too late. Ask for a new challenge.")
            if not content:
                raise FilmRefused(400, "invalid_input", "The clip is empty.")
            suffix = ".mp4" if media_type.partition(";")[0].strip().lower() == "video/mp4" else ".webm"
            clip = self.folder / f"challenge-{name[:8]}{suffix}"
            text = json.dumps(self.challenge.to_dict(), indent=2)
            clip.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
            clip.write_bytes(content)
            self.clip = clip
            return self._kept(clip)

    def _kept(self, clip: Path) -> dict[str, Any]:
        return {"challengeId": self.challenge.challenge_id, "url": clip.resolve().as_uri()}

    def _check_known(self, name: str) -> None:
        if not secrets.compare_digest(name.encode(), self.challenge.challenge_id.encode()):
            raise FilmRefused(404, "challenge_unknown", "A newer challenge was drawn. Load the page again.")

    def _check_open(self) -> None:
        if self.clip is not None:
            raise FilmRefused(409, "challenge_used", "The clip is there already.")


@contextmanager
def served(filming: Filming, port: int = 0) -> Iterator[str]:
    """Serve the page while the block runs; yields its address.

    Raises:
        OSError: the port is in use.
    """
    secret = secrets.token_urlsafe(16)

    class Handler(_Handler):
        base, asked = f"/{secret}", filming

    with _Server(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="film", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/{secret}/"
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a connection that broke off: the page tries again."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """The routes: the page, its files, and those of a challenge."""

    base: str
    asked: Filming
    server: ThreadingHTTPServer
    protocol_version = "HTTP/1.1"
    timeout = SOCKET_SECONDS

    def do_GET(self) -> None:
        self._answer(lambda: self._get(self._path()))

    def do_POST(self) -> None:
        self._answer(lambda: self._post(self._path()))

    def _path(self) -> list[str]:
        """The parts of the path below the secret."""
        host = f"127.0.0.1:{self.server.server_port}"
        origin = self.headers.get("Origin")
        whole = self.path.partition("?")[0]
        own = self.headers.get("Host") == host and origin in (None, f"http://{host}")
        if not own or not secrets.compare_digest(whole[: len(self.base) + 1].encode(), f"{self.base}/".encode()):
            raise FilmRefused(404, "not_found", "There is nothing here. Open the address that the command printed.")
        return whole[len(self.base) + 1 :].split("/")

    def _get(self, parts: list[str]) -> tuple[int, str, bytes]:
        match parts:
            case [""]:
                page = film_page.render(self.base, self.asked.challenge.challenge_id, str(self.asked.folder))
                return 200, "text/html; charset=utf-8", page.encode()
            case ["static", *names] if asset := load_assets().files.get("/".join(names)):
                return 200, asset.media_type, asset.body
            case ["api", "challenges", name]:
                return _said(200, self.asked.state(name))
        raise FilmRefused(404, "not_found", "There is nothing here.")

    def _post(self, parts: list[str]) -> tuple[int, str, bytes]:
        content = self._content()
        match parts:
            case ["api", "challenges"]:
                return _said(201, self.asked.draw(_wishes(content)))
            case ["api", "challenges", name, "begin"]:
                return _said(200, self.asked.begin(name))
            case ["api", "challenges", name, "clip"]:
                return _said(201, self.asked.keep(name, content, self.headers.get("Content-Type", "")))
        raise FilmRefused(404, "not_found", "There is nothing here.")

    def _content(self) -> bytes:
        most = FetchLimits().max_bytes
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            raise FilmRefused(411, "invalid_input", "A request with a body states its length.")
        if int(length) > most:
            raise FilmRefused(413, "video_too_large", f"The clip has more than {most / 1e6:.0f} MB.")
        content = self.rfile.read(int(length))
        if len(content) < int(length):
            raise ConnectionError("the clip broke off")
        return content

    def _answer(self, work: Callable[[], tuple[int, str, bytes]]) -> None:
        try:
            status, media_type, body = work()
        except FilmRefused as error:
            status, media_type, body = _said(error.status, {"code": error.code, "message": str(error)})
            # What was not read of its body would be taken for the next request.
            self.close_connection = True
        except (ConnectionError, TimeoutError):
            raise
        except OSError as error:
            message = f"The clip cannot be written: {error.strerror or error}."
            status, media_type, body = _said(500, {"code": "internal_error", "message": message})
            self.close_connection = True
        try:
            self._send(status, media_type, body)
        finally:
            # A clip that is written counts, also where its page does not hear of it.
            if self.asked.clip is not None and self.command == "POST":
                self.asked.done.set()

    def _send(self, status: int, media_type: str, body: bytes) -> None:
        self.send_response(status)
        headers = {
            "Content-Type": media_type,
            "Content-Length": str(len(body)),
            "Content-Security-Policy": POLICY,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Connection": "close" if self.close_connection else "keep-alive",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Requests are not logged: their paths hold the secret."""


def _said(status: int, said: dict[str, Any]) -> tuple[int, str, bytes]:
    return status, "application/json", json.dumps(said).encode()


def _wishes(content: bytes) -> dict[str, Any]:
    try:
        given = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise FilmRefused(400, "invalid_input", "The wishes are a JSON object.")
    return given
