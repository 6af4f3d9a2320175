"""Fixtures that make migrated ledgers on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import postgresql

MakeDatabase = Callable[[], str]


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def ledger_kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture(scope="session")
def make_database(ledger_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeDatabase]:
    """Make migrated databases, as copies of one; returns their URLs."""
    with ExitStack() as stack:
        if ledger_kind == "sqlite":
            folder = tmp_path_factory.mktemp("ledgers")
            first = folder / "template.db"
            migrate(_sqlite(first))

            def make() -> str:
                path = folder / f"{len(list(folder.iterdir()))}.db"
                shutil.copy(first, path)
                return _sqlite(path)

        else:
            programs = postgresql.binaries()
            if programs is None:
                pytest.skip(postgresql.NOT_INSTALLED)
            server = stack.enter_context(postgresql.running(programs))
            template = server.database()
            migrate(template)

            def make() -> str:
                return server.database(template=template.rsplit("/", 1)[1])

        yield make


@pytest.fixture
def database_url(make_database: MakeDatabase) -> str:
    """A migrated, empty ledger."""
    return make_database()


def _sqlite(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


def migrate(url: str) -> None:
    """Migrate the database at `url`, and close it."""

    # Imported here: most tests load this file and open no ledger.
    from alive402.payments.ledger import Ledger

    async def once() -> None:
        await (await Ledger.open(url, lease_seconds=60)).close()

    asyncio.run(once())
