"""Webhook and callback receivers on real sockets: they check each signature, and fail on demand."""

from __future__ import annotations

import hmac
import http.server
import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from standardwebhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr"


@dataclass
class Receiver:
    """Answers with `status`; `heard` holds each signed message as (message id, event)."""

    url: str = ""
    status: int = 204
    heard: queue.Queue[tuple[str, dict[str, Any]]] = field(default_factory=queue.Queue)

    def next(self) -> tuple[str, dict[str, Any]]:
        """Wait for the next message."""
        return self.heard.get(timeout=30)

    def all(self) -> list[tuple[str, dict[str, Any]]]:
        """All messages so far."""
        return [self.heard.get_nowait() for _ in range(self.heard.qsize())]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens until the block ends."""
    receiver = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            # A sender whose clock is a test's signs for another day than ours; its signature is checked for that day.
            said = datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), UTC)
            good = Webhook(SECRET).sign(self.headers["webhook-id"], said, body.decode())
            assert hmac.compare_digest(good, self.headers["webhook-signature"])
            if abs(said - datetime.now(UTC)) < timedelta(minutes=5):
                Webhook(SECRET).verify(body, dict(self.headers))
            receiver.heard.put((self.headers["webhook-id"], json.loads(body)))
            self.send_response(receiver.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 128  # the usual 5 are fewer than come at once

    with Server(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Called:
    """The receiver of a job callback; `heard` holds each call as (headers, body). It answers with `status`."""

    url: str = ""
    status: int = 204
    heard: queue.Queue[tuple[dict[str, str], bytes]] = field(default_factory=queue.Queue)


@contextmanager
def called_back() -> Iterator[Called]:
    """A callback receiver that listens until the block ends; it checks no signature."""
    called = Called()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            called.heard.put(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(called.status)
            self.send_header("Location", called.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        called.url = f"http://127.0.0.1:{server.server_address[1]}/done"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield called
        finally:
            server.shutdown()
            thread.join()
