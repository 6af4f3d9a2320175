"""Tests of the number of ledger transactions of a paid call, as docs/payments.md states it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from alive402.demo import Buyer
from tests.http.conftest import Service, Start

pytestmark = pytest.mark.anyio
PAGE = (Path(__file__).parents[2] / "docs" / "payments.md").read_text()
LOOKED_UP, RESERVED, SETTLING, SETTLED = (
    {"SELECT payments"},
    {"SELECT payments", "INSERT payments", "INSERT payment_events"},
    {"UPDATE payments", "INSERT payment_events"},
    {"UPDATE payments", "INSERT payment_events", "INSERT signed_verdicts"},
)
"""What each transaction does, as statement and table."""


@contextmanager
def transactions(service: Service) -> Iterator[list[set[str]]]:
    """Records the statements of each transaction on payments until the block ends, in order.

    Those of the periodic work, which begins when it likes, are left out.
    """
    engine = service.parts.registry.ledger_services.ledger._engine.sync_engine
    begun: list[set[str]] = []
    found: list[set[str]] = []

    def on_begin(connection: Any) -> None:
        # A transaction that writes is a savepoint in the transaction of its group.
        if connection.get_execution_options().get("alive402_reads"):
            on_savepoint(connection, "")

    def on_savepoint(connection: Any, _name: str) -> None:
        connection.info["did"] = did = set[str]()
        task = asyncio.current_task()
        if task is None or not task.get_name().startswith("upkeep: "):
            begun.append(did)

    def on_statement(connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if table := re.search(r"\b(?:FROM|INTO|UPDATE)\s+(\w+)", statement):
            connection.info.setdefault("did", set()).add(f"{statement.split()[0]} {table[1]}")

    event.listen(engine, "begin", on_begin)
    event.listen(engine, "savepoint", on_savepoint)
    event.listen(engine, "before_cursor_execute", on_statement)
    try:
        yield found
    finally:
        event.remove(engine, "begin", on_begin)
        event.remove(engine, "savepoint", on_savepoint)
        event.remove(engine, "before_cursor_execute", on_statement)
        found += [did for did in begun if any(each.endswith(" payments") for each in did)]


async def test_paid_call_is_a_lookup_and_three_transactions_and_a_repeat_is_one_more_lookup(
    start: Start, videos: str
) -> None:
    service = start(reconcile_seconds=0.01)
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        with transactions(service) as bought:
            assert (await buyer.pay(f"{videos}/face.mp4")).status_code == 200
        with transactions(service) as repeated:
            assert (await buyer.send(f"{videos}/face.mp4", buyer.signature)).status_code == 200
    assert bought == [LOOKED_UP, RESERVED, SETTLING, SETTLED]
    assert repeated == [LOOKED_UP, LOOKED_UP]
    assert "A call that goes well is a look-up and three transactions" in PAGE
