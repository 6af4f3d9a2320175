"""Helpers for tests of calls that name a challenge: challenges in a service's database, and clips long enough."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alive402.challenges import ChallengeRow, Challenges
from alive402.demo import TOOL_PATH, Buyer, serve_files
from alive402.liveness import ChallengeOptions
from alive402.payments.ledger import Ledger
from tests.conftest import Image, write_video
from tests.http.conftest import Service

PRICE = 200_000


def url_of(service: Service) -> str:
    return f"sqlite+aiosqlite:///{service.database}"


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[Challenges]:
    """The challenges of a database that services use at the same time."""
    ledger = await Ledger.open(database_url, lease_seconds=30)
    try:
        yield Challenges(ledger)
    finally:
        await ledger.close()


async def begun(database_url: str, payer: str, bind: str | None = None, *, begin: bool = True) -> ChallengeRow:
    """A new challenge of a payer, begun unless `begin` is false."""
    async with opened(database_url) as challenges:
        return await challenges.create(payer.lower(), ChallengeOptions(), bind, begin=begin)


async def found(database_url: str, challenge_id: str) -> ChallengeRow:
    """The row of a challenge now."""
    async with opened(database_url) as challenges:
        return await challenges.find(challenge_id)


def change(service: Service, challenge_id: str, **seconds: float) -> None:
    """Set moments of a challenge, in seconds from now."""
    with sqlite3.connect(service.database) as connection:
        for column, later in seconds.items():
            at = datetime.now(UTC) + timedelta(seconds=later)
            text = at.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
            connection.execute(f"UPDATE challenges SET {column} = ? WHERE id = ?", (text, challenge_id))


def still_clip(path: Path, picture: Image, seconds: float = 18.6, fps: int = 10) -> Path:
    """A clip that is long enough for every default challenge, of a face that makes no movement."""
    return write_video(path, [picture] * round(seconds * fps), rate=fps)


def naming(url: str, challenge_id: str, **more: Any) -> dict[str, Any]:
    """The input of a call that names a challenge."""
    return {"VideoUrl": url, "ChallengeId": challenge_id, **more}


async def buy(buyer: Buyer, given: dict[str, Any], path: str = TOOL_PATH) -> Any:
    """Pay for a call by x402; returns its status and its body."""
    answer = await buyer.buy(given, path)
    return answer.status_code, answer.json()


@pytest.fixture(scope="module")
def clip(person: list[Image], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return still_clip(tmp_path_factory.mktemp("clips") / "still.mp4", person[0])


@pytest.fixture(scope="module")
def host(clip: Path) -> Iterator[str]:
    with serve_files(clip.parent) as base:
        yield f"{base}/{clip.name}"
