"""A small server that speaks the challenge routes, with steps of a second, so that tests of the component are short."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LEAD, WINDOW, TAIL = 0.5, 0.6, 0.4
KINDS = ("turn_left", "open_mouth", "look_up")


@dataclass
class Told:
    """One challenge, and what came for it. `refusals` are (status, body) that the next calls of a route get."""

    state: str = "issued"
    kinds: Sequence[str] = KINDS
    clip: bytes = b""
    clip_type: str = ""
    calls: list[str] = field(default_factory=list)
    refusals: dict[str, list[tuple[int, dict[str, Any] | None]]] = field(default_factory=dict)

    @property
    def shown(self) -> dict[str, Any]:
        """The challenge once it is begun."""
        steps = [
            {"kind": kind, "at": round(LEAD + WINDOW * place, 2), "seconds": WINDOW}
            for place, kind in enumerate(self.kinds)
        ]
        capture = {
            "seconds": LEAD + WINDOW * len(steps) + TAIL,
            "lead": LEAD,
            "width": 640,
            "height": 480,
            "frameRate": 30,
            "bitsPerSecond": 2_500_000,
            "mimeTypes": ["video/webm;codecs=vp8", "video/webm", "video/mp4"],
        }
        return {"steps": steps, "capture": capture, "answerBy": "2030-01-01T00:00:00Z"}


@dataclass
class Challenging:
    """The running server: its URL, and its challenges by id."""

    url: str
    challenges: dict[str, Told] = field(default_factory=dict)
    page: str = ""
    """A page at `/closed`, from where no script may use the camera."""

    def issue(self, name: str, **facts: Any) -> Told:
        """A new challenge."""
        self.challenges[name] = Told(**facts)
        return self.challenges[name]


@contextmanager
def running_challenges() -> Iterator[Challenging]:
    """The server, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_OPTIONS(self) -> None:
            self.send_response(204)
            self.send_header("Access-Control-Allow-Headers", "Content-Type")
            self._end()

        def do_GET(self) -> None:
            if self.path == "/closed":
                self._say(200, made.page)
            else:
                self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

        def _answer(self, body: bytes) -> None:
            name, _, route = self.path.removeprefix("/api/challenges/").partition("/")
            told = made.challenges.get(name)
            if told is None:
                self._say(404, {"code": "challenge_unknown", "message": "No challenge has this id."})
                return
            told.calls.append(route or "state")
            if refused := told.refusals.get(route):
                self._say(*refused.pop(0))
            elif not route:
                self._say(200, {"challengeId": name, "state": told.state})
            elif route == "begin":
                told.state = "begun"
                self._say(200, {"challengeId": name, **told.shown})
            else:
                told.state, told.clip, told.clip_type = "filmed", body, self.headers["Content-Type"]
                self._say(201, {"challengeId": name, "url": f"{made.url}/api/uploads/{name}"})

        def _say(self, status: int, said: dict[str, Any] | str | None) -> None:
            written = json.dumps(said) if isinstance(said, dict) else said or "<html>"
            self.send_response(status)
            self.send_header("Content-Type", "application/json" if isinstance(said, dict) else "text/html")
            self.send_header("Permissions-Policy", "camera=()")
            self._end(written.encode())

        def _end(self, written: bytes = b"") -> None:
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Challenging(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield made
        server.shutdown()
        thread.join(5)
