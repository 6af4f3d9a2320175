"""Tests of leases: alive while a task uses them, however it ends."""

from __future__ import annotations

import asyncio

import pytest

from alive402.storage.leases import Lease, LiveLeases

pytestmark = pytest.mark.anyio


async def renew() -> bool:
    return True


async def test_lease_lives_until_its_last_task_ends() -> None:
    leases, lease = LiveLeases(), Lease("owner", renew)
    release = [asyncio.Event() for _ in range(2)]

    async def work(event: asyncio.Event) -> None:
        leases.keep(lease)
        await event.wait()

    tasks = [asyncio.create_task(work(event)) for event in release]
    await asyncio.sleep(0)
    assert leases.alive() == [lease]
    release[0].set()
    await tasks[0]
    assert leases.alive() == [lease]
    tasks[1].cancel()
    await asyncio.wait(tasks)
    assert leases.alive() == []


async def test_lost_lease_is_not_renewed() -> None:
    leases, lease, other = LiveLeases(), Lease("owner", renew), Lease("other", renew)
    leases.keep(lease)
    leases.keep(other)
    leases.forget(lease)
    leases.forget(lease)
    assert leases.alive() == [other]
