"""The process that forks the services of the crash tests, one for all files of a test worker."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# Little to wait for after a death; and so long that a living call keeps it on a machine that is busy with other things.
LEASE_SECONDS = 1.5
PATIENCE_SECONDS = 60.0


class Launcher:
    """`python -m tests.e2e.crashing`, started when it is first used: it imports the service once for all crashes.

    Its standard error goes to `log`.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: asyncio.StreamReader | None = None

    @asynccontextmanager
    async def heard(self) -> AsyncIterator[None]:
        """Read what the launcher says in the current event loop, within the block."""
        process, loop = self._running(), asyncio.get_running_loop()
        assert process.stdout is not None
        self._lines = asyncio.StreamReader()
        # A copy: the loop closes its own.
        copied = os.fdopen(os.dup(process.stdout.fileno()), "rb")
        lines = asyncio.StreamReaderProtocol(self._lines)
        transport, _ = await loop.connect_read_pipe(lambda: lines, copied)
        try:
            yield
        finally:
            transport.close()

    def start(self, wanted: dict[str, Any]) -> None:
        """Fork a service."""
        stdin = self._running().stdin
        assert stdin is not None
        stdin.write(json.dumps(wanted).encode() + b"\n")
        stdin.flush()

    async def line(self) -> str:
        """The next line of the launcher or its service, with its end; empty when the launcher has ended."""
        assert self._lines is not None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return (await self._lines.readline()).decode()
        except TimeoutError:
            # The next file starts another.
            self.close()
            raise

    def close(self) -> None:
        """End the launcher."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            kept = {
                name: value
                for name, value in os.environ.items()
                if not name.startswith("ALIVE402_") or name == "ALIVE402_CACHE"
            }
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "tests.e2e.crashing"],
                    cwd=ROOT,
                    env={**kept, "ALIVE402_LEASE_SECONDS": str(LEASE_SECONDS)},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                )
        return self._process
