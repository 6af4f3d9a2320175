"""Parts of the tests of `<alive-capture>`: a drawn camera, and a server of challenges whose steps are short."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from playwright.sync_api import Locator, expect

LEAD, WINDOW, TAIL = 0.5, 0.6, 0.4
KINDS = ("turn_left", "open_mouth", "look_up")


@dataclass
class Issued:
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
    challenges: dict[str, Issued] = field(default_factory=dict)
    page: str = ""
    """A page at `/closed`, from where no script may use the camera."""

    def issue(self, name: str, **facts: Any) -> Issued:
        """A new challenge."""
        self.challenges[name] = Issued(**facts)
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
            issued = made.challenges.get(name)
            if issued is None:
                self._say(404, {"code": "challenge_unknown", "message": "No challenge has this id."})
                return
            issued.calls.append(route or "state")
            if refused := issued.refusals.get(route):
                self._say(*refused.pop(0))
            elif not route:
                self._say(200, {"challengeId": name, "state": issued.state})
            elif route == "begin":
                issued.state = "begun"
                self._say(200, {"challengeId": name, **issued.shown})
            else:
                issued.state, issued.clip, issued.clip_type = "filmed", body, self.headers["Content-Type"]
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


def draw_camera(folder: Path) -> Path:
    """The camera's picture: a drawn face, and a red patch at the left of the picture."""
    path = folder / "drawn.mjpeg"
    picture = np.full((240, 320, 3), (150, 140, 120), np.uint8)
    cv2.ellipse(picture, (160, 120), (55, 75), 0, 0, 360, (120, 150, 210), -1)
    cv2.rectangle(picture, (0, 0), (60, 240), (30, 30, 220), -1)
    with path.open("wb") as file:
        for place in range(30):
            cv2.circle(picture, (280, 20 + 6 * place), 6, (60, 200, 60), -1)
            file.write(cv2.imencode(".jpg", picture)[1].tobytes())
    return path


def reach(element: Locator, state: str) -> None:
    """Wait for a state of the component."""
    expect(element).to_have_attribute("data-state", state)


def take(element: Locator) -> None:
    """From the first button to the steps."""
    element.locator(".main").click()
    reach(element, "place")
    element.locator(".main").click()
    reach(element, "steps")
