"""Waiting for a state of a service that runs beside the test, with a pause between two looks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

Seen = TypeVar("Seen")
PAUSE_SECONDS = 0.05
"""Without a pause, a test would be what keeps the service from its work."""


async def until(look: Callable[[], Awaitable[Seen]], holds: Callable[[Seen], object] = bool) -> Seen:
    """Look again and again; returns the first thing seen for which `holds` is true."""
    async with asyncio.timeout(60):
        while True:
            if holds(seen := await look()):
                return seen
            await asyncio.sleep(PAUSE_SECONDS)
