"""`alive402 keys`: API keys of one's own systems; made, listed, revoked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from alive402.payments.keys import ApiKey, Keys

app = typer.Typer(no_args_is_help=True, help="API keys of your own systems: create, list, revoke.")
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Database = Annotated[str | None, typer.Option(help="Where the ledger is kept. [default: ALIVE402_DATABASE_URL]")]
T = TypeVar("T")


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What it is for, at most 64 characters.")],
    scope: Annotated[list[str], typer.Option(help="call, ops or ledger; more than once for several.")],
    database_url: Database = None,
    as_json: Json = False,
) -> None:
    """Make a key and print it: it is shown this once, and only its hash is kept.

    Example:

      alive402 keys create --name "back office" --scope call
    """
    from alive402.payments.keys import Scope

    unknown = sorted({*scope} - {*Scope})
    if unknown or not 0 < len(name) <= 64:
        told = f"there is no scope {unknown[0]}; known: {', '.join(Scope)}" if unknown else "name it in 1 to 64 letters"
        typer.echo(f"alive402 keys create: {told}.", err=True)
        raise typer.Exit(64)
    row, key = _on_ledger("create", database_url, lambda keys: keys.create(name, map(Scope, scope)))
    if as_json:
        typer.echo(json.dumps({**_shown(row), "key": key}))
        return
    typer.echo(key)
    typer.echo(f"{row.id}: {row.name}, may {row.scopes}. Keep the key: it is not shown again.", err=True)


@app.command("list")
def show(database_url: Database = None, as_json: Json = False) -> None:
    """Every key, revoked ones too; never the keys themselves."""
    rows = _on_ledger("list", database_url, lambda keys: keys.list())
    if as_json:
        typer.echo(json.dumps({"keys": [_shown(row) for row in rows]}))
        return
    for row in rows:
        state = f"revoked {row.revoked_at:%Y-%m-%d}" if row.revoked_at else "good"
        used = f"used {row.used_at:%Y-%m-%d}" if row.used_at else "never used"
        typer.echo(f"{row.id}  {state:<18} {used:<16} {row.scopes:<16} {row.name}")


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(metavar="ID")], database_url: Database = None) -> None:
    """From now on the key opens nothing."""
    _on_ledger("revoke", database_url, lambda keys: keys.revoke(key_id))
    typer.echo(f"{key_id} is revoked.", err=True)


def _shown(row: ApiKey) -> dict[str, Any]:
    moments = {"createdAt": row.created_at, "usedAt": row.used_at, "revokedAt": row.revoked_at}
    said = {name: at.isoformat() if at else None for name, at in moments.items()}
    return {"id": row.id, "name": row.name, "scopes": row.scopes.split(), **said}


def _on_ledger(command: str, database_url: str | None, work: Callable[[Keys], Awaitable[T]]) -> T:
    """Open the ledger for one piece of work; a refusal is said in one line."""
    from sqlalchemy.exc import SQLAlchemyError

    from alive402.payments.database import Ledger
    from alive402.payments.errors import NoSuchApiKey
    from alive402.payments.keys import Keys
    from alive402.settings import Settings

    async def run() -> T:
        settings = Settings(database_url=database_url) if database_url else Settings()
        ledger = await Ledger.open(settings.database_url, lease_seconds=settings.lease_seconds)
        try:
            return await work(Keys(ledger))
        finally:
            await ledger.close()

    try:
        return asyncio.run(run())
    except NoSuchApiKey as error:
        typer.echo(f"alive402 keys {command}: {error.message}", err=True)
        raise typer.Exit(1) from None
    except (SQLAlchemyError, OSError):
        typer.echo(f"alive402 keys {command}: the ledger cannot be opened. Check ALIVE402_DATABASE_URL.", err=True)
        raise typer.Exit(78) from None
