"""Tests of the migrations: they create the tables that the models define, on both databases, up and down."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, DateTime, bindparam, inspect, text

# Every module that declares a table.
import alive402.http.app
from alive402.payments.ledger import Ledger
from alive402.storage.database import MIGRATIONS
from alive402.storage.models import Base

assert alive402.http.app


def on(url: str, work) -> object:  # type: ignore[no-untyped-def]
    async def one() -> object:
        ledger = await Ledger.open(url, lease_seconds=30)
        async with ledger._engine.begin() as connection:
            done = await connection.run_sync(work)
        await ledger.close()
        return done

    return asyncio.run(one())


def test_migrations_create_the_tables_of_the_models(database_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        # Some indexes are made by migrations alone: the code never names them.
        found = compare_metadata(MigrationContext.configure(connection), Base.metadata)
        return [each for each in found if not (isinstance(each, tuple) and each[0] == "remove_index")]

    assert on(database_url, differences) == []


def test_every_migration_can_be_reverted(database_url: str) -> None:
    def down(connection: Connection) -> list[str]:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        return inspect(connection).get_table_names()

    assert on(database_url, down) == ["alembic_version"]
    assert "payments" in on(database_url, lambda connection: inspect(connection).get_table_names())  # type: ignore[operator]


def test_transactions_of_old_payments_survive_the_longer_column(database_url: str) -> None:
    values = dict.fromkeys(("service_id", "network", "asset", "payer", "pay_to", "proof", "state"), "x")
    values |= {"id": "p", "nonce": "1", "transaction": "t" * 66, "refund": "r" * 66}

    def back_and_forth(connection: Connection) -> tuple[str, str, list[str | None]]:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.downgrade(config, "0010")
        names = ", ".join(f'"{name}"' for name in (*values, "amount", "valid_before", "created_at", "updated_at"))
        marks = ", ".join(f":{name}" for name in values)
        insert = text(f"INSERT INTO payments ({names}) VALUES ({marks}, 1, 1, :now, :now)")
        now = datetime(2026, 1, 1, tzinfo=UTC)
        connection.execute(insert.bindparams(bindparam("now", type_=DateTime(timezone=True))), {**values, "now": now})
        command.upgrade(config, "head")
        kept = connection.execute(text('SELECT "transaction", refund FROM payments')).one()
        connection.execute(text("UPDATE payments SET refund = :refund"), {"refund": "s" * 88})
        return kept[0], kept[1], [index["name"] for index in inspect(connection).get_indexes("payments")]

    transaction, refund, indexes = on(database_url, back_and_forth)  # type: ignore[misc]
    assert (transaction, refund) == ("t" * 66, "r" * 66)
    assert "ix_payments_refund" in indexes
