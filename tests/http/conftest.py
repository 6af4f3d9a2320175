"""Fixtures: a real service with a real socket, ledger and chain, in a thread of the test process."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from alive402.demo import Clips, serve_files
from alive402.http.server import listen, server
from alive402.http.wiring import Parts, assemble
from alive402.liveness import model_files
from alive402.services import SERVICES
from alive402.services import Service as Offered
from alive402.settings import Settings
from tests.conftest import shortened, write_video
from tests.http.facilitators import Facilitator, running_facilitator
from tests.judged_once import judge_once


@dataclass(frozen=True)
class Service:
    """A running service; tests read `database` directly."""

    url: str
    parts: Parts
    database: Path

    def histories(self) -> list[list[str]]:
        """The states of each payment, in the order in which the payments came."""
        with sqlite3.connect(self.database) as connection:
            rows = connection.execute("SELECT payment_id, state FROM payment_events ORDER BY id").fetchall()
        found: dict[str, list[str]] = {}
        for payment, state in rows:
            found.setdefault(payment, []).append(state)
        return list(found.values())


Start = Callable[..., Service]
ABOUT_ANALYSIS = {"analyses_at_once", "analysis_memory_bytes", "analysis_seconds", "media_directory", "threshold"}
"""Settings of a service that judges every file itself."""


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory, answers: Path | None) -> Iterator[Start]:
    """Start a service with the given settings; it stops after the tests of the file.

    It takes the answer of a file that another service of this run has judged, unless a setting is about the analysis
    or `judged_anew=True` is given.
    """
    with _starting(tmp_path_factory, answers) as begin:
        yield begin


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, answers: Path | None) -> Iterator[Service]:
    """The service that many test files share."""
    with _starting(tmp_path_factory, answers) as begin:
        yield begin()


@contextmanager
def _starting(tmp_path_factory: pytest.TempPathFactory, answers: Path | None = None) -> Iterator[Start]:
    model_files.ensure()
    with ExitStack() as running:

        def begin(offered: tuple[Offered, ...] = SERVICES, judged_anew: bool = False, **chosen: object) -> Service:
            database = tmp_path_factory.mktemp("ledger") / "ledger.db"
            # Crowds and guesses are let in, but where a test is about them.
            kept = {
                "database_url": f"sqlite+aiosqlite:///{database}",
                "allow_private_hosts": True,
                "queue": 100,
                "credential_guesses_per_address": "10000/minute",
            }
            given = {**kept, **chosen}
            began = running.enter_context(_running(Settings(**given), database, offered))  # type: ignore[arg-type]
            if answers is not None and not judged_anew and not ABOUT_ANALYSIS & chosen.keys():
                judge_once(began.parts.local, answers)
            return began

        yield begin


@pytest.fixture(scope="module")
def facilitator() -> Iterator[Facilitator]:
    """A facilitator and its chain, which some files replace by another kind."""
    with running_facilitator() as made:
        yield made


@pytest.fixture
def healthy(facilitator: Facilitator) -> Iterator[Facilitator]:
    """The facilitator, which works again after each test."""
    yield facilitator
    facilitator.fault = ""


@pytest.fixture(scope="session")
def videos(clips: Clips, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a host with good and bad videos; the good ones are short, so that each analysis is."""
    folder = tmp_path_factory.mktemp("videos")
    shortened(clips.bona_fide, folder / "face.mp4")
    shortened(clips.attack, folder / "attack.mp4")
    (folder / "text.mp4").write_text("ffconcat version 1.0\nfile /etc/hostname\n")
    (folder / "cut.mp4").write_bytes(b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 2000)
    with (folder / "big.mp4").open("wb") as file:
        file.truncate(31_000_000)
    _moving_gradient(folder / "empty.mp4")
    with serve_files(folder) as base:
        yield base


@contextmanager
def _running(settings: Settings, database: Path, offered: tuple[Offered, ...] = SERVICES) -> Iterator[Service]:
    ready: dict[str, object] = {}
    assembled = threading.Event()
    listening = listen("127.0.0.1", 0)

    async def serve() -> None:
        try:
            ready["parts"] = parts = await assemble(settings, offered)
            ready["server"] = uvicorn_server = server(parts)
        finally:
            assembled.set()
        await uvicorn_server.serve(sockets=[listening])

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert assembled.wait(60)
    assert "server" in ready, "the service did not start"
    try:
        yield Service(f"http://127.0.0.1:{listening.getsockname()[1]}", ready["parts"], database)  # type: ignore[arg-type]
    finally:
        ready["server"].should_exit = True  # type: ignore[attr-defined]
        thread.join(30)


def _moving_gradient(path: Path) -> None:
    """Write three seconds of video without a person."""
    ramp = np.add.outer(np.arange(240), np.arange(320))
    greys = [((ramp + 4 * index) % 256).astype(np.uint8) for index in range(45)]
    write_video(path, [np.stack([255 - grey, grey // 2, grey], axis=2) for grey in greys], rate=15)
