"""Runs the real server as a child process and serves the clips on loopback; cleans both up."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import http.server
import os
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

START_SECONDS = 60.0
_SERVE = "from alive402.cli.main import main; main()"
_GREETING = "alive402 is at "


class DemoFailed(Exception):
    """A step of the demonstration did not behave as expected."""


class _Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the terminal is for the demonstration."""

    def copyfile(self, source: Any, outputfile: Any) -> None:
        """Send a file to a client that may close the connection before its end."""
        with contextlib.suppress(ConnectionError):
            super().copyfile(source, outputfile)


@contextmanager
def serve_files(folder: Path) -> Iterator[str]:
    """Serve the files of `folder` on loopback; yields their base URL."""
    handler = functools.partial(_Files, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@asynccontextmanager
async def run_service(folder: Path, settings: Mapping[str, str] | None = None) -> AsyncIterator[str]:
    """Run `alive402 serve` on a free port with its own ledger and log in `folder`; yields its URL.

    `settings` are its only ALIVE402 settings, by the names of their environment variables.

    Raises:
        DemoFailed: it does not start within `START_SECONDS`.
    """
    log = folder / "server.log"
    with log.open("wb") as errors:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _SERVE,
            "serve",
            "--port=0",
            "--allow-private-hosts",
            f"--database-url=sqlite+aiosqlite:///{folder / 'ledger.db'}",
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env={**_environment(), **(settings or {})},
        )
    reading: asyncio.Task[None] | None = None
    try:
        assert child.stdout is not None
        try:
            async with asyncio.timeout(START_SECONDS):
                url = await _greeting(child.stdout)
        except TimeoutError:
            url = None
        if url is None:
            raise DemoFailed(f"The server did not start. Its log ends with: {log.read_text()[-500:]}")
        # Drain its output: a full pipe would block it.
        reading = asyncio.create_task(_drain(child.stdout))
        yield url
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        try:
            async with asyncio.timeout(10):
                await child.wait()
        except TimeoutError:
            child.kill()
            await child.wait()
        if reading is not None:
            await reading


def _environment() -> dict[str, str]:
    """The environment without ALIVE402 settings, so that the demo never uses a real network or ledger."""
    kept = "ALIVE402_CACHE"
    return {name: value for name, value in os.environ.items() if name == kept or not name.startswith("ALIVE402_")}


async def _greeting(stream: asyncio.StreamReader) -> str | None:
    while line := (await stream.readline()).decode():
        if line.startswith(_GREETING):
            return line.removeprefix(_GREETING).strip()
    return None


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.read(4096):
        pass
