"""A gateway before a service, over real sockets, that loses answers, refuses for a while, or alters what passes."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

Alter = Callable[[str, bytes], bytes]


@dataclass
class Gateway:
    """A gateway at `url`.

    Attributes:
        faults: what happens to the next requests of a path, by its end: `lose` (the service answers, the client does
            not hear it), `busy` (503 with Retry-After), `expires` (402), `html` (502 as nginx sends it).
        alter: changes the body of each answer of a path.
        signatures: the PAYMENT-SIGNATURE headers that were seen, in order.
        keys: the Idempotency-Key headers that were seen.
    """

    url: str = ""
    faults: dict[str, list[str]] = field(default_factory=dict)
    alter: Alter = lambda path, body: body
    signatures: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def fault(self, path: str) -> str:
        """The fault of this request, or an empty text."""
        due = next((faults for end, faults in self.faults.items() if path.partition("?")[0].endswith(end)), [])
        return due.pop(0) if due else ""


@contextmanager
def gateway(service: str) -> Iterator[Gateway]:
    """Run a gateway before the service at this URL."""
    made = Gateway()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            self._pass()

        def do_POST(self) -> None:
            self._pass()

        def _pass(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if signature := self.headers.get("PAYMENT-SIGNATURE"):
                made.signatures.append(signature)
            if key := self.headers.get("Idempotency-Key"):
                made.keys.append(key)
            fault = made.fault(self.path)
            if fault == "busy":
                return self._say(503, {"Retry-After": "0"}, b'{"code":"busy","message":"Full.","charged":false}')
            if fault == "expires":
                return self._say(402, {}, b'{"code":"payment_expires_soon","message":"Sign.","charged":false}')
            if fault == "html":
                return self._say(502, {"Content-Type": "text/html"}, b"<html>502 Bad Gateway</html>")
            kept = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
            answer = httpx.request(self.command, service + self.path, headers=kept, content=content, timeout=60)
            if fault == "lose":
                self.close_connection = True
                return self.connection.close()
            body = made.alter(self.path, answer.content)
            sent = {n: v for n, v in answer.headers.items() if n not in ("content-length", "date", "server")}
            return self._say(answer.status_code, sent, body)

        def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
