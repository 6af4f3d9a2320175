"""`alive402 webhooks`: lists webhook deliveries and sends them again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from alive402.cli.terminal import read_settings

if TYPE_CHECKING:
    from alive402.storage import Outbox

app = typer.Typer(no_args_is_help=True, help="Webhooks: list deliveries, send them again.")
Found = TypeVar("Found")
NOTHING_FOUND = 1


@app.command("list")
def show(
    state: Annotated[str | None, typer.Option(help="Only deliveries that are pending, delivered or dead.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most deliveries to list.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
) -> None:
    """List deliveries, newest first. The ledger is that of ALIVE402_DATABASE_URL."""
    from alive402.storage import DeliveryState

    if state is not None and state not in set(DeliveryState):
        typer.echo("alive402 webhooks list: --state is pending, delivered or dead.", err=True)
        raise typer.Exit(64)
    chosen = DeliveryState(state) if state else None

    async def read(outbox: Outbox) -> list[dict[str, Any]]:
        return [
            {
                "id": each.id,
                "type": each.type,
                "state": each.state,
                "attempts": each.attempts,
                "url": each.url,
                "created_at": each.created_at.isoformat(),
                "due_at": each.due_at.isoformat() if each.state == DeliveryState.PENDING else None,
                "last_error": each.last_error,
            }
            for each in await outbox.all(chosen, limit)
        ]

    rows = _in_ledger(read)
    if rows and not as_json:
        typer.echo(f"{'CREATED':<19}  {'STATE':<9} {'SENT':>4}  {'TYPE':<22} ID, URL, LAST ERROR")
    for row in rows:
        if as_json:
            typer.echo(json.dumps(row))
        else:
            end = f"  {row['last_error']}" if row["last_error"] else ""
            typer.echo(
                f"{row['created_at'][:19]}  {row['state']:<9} {row['attempts']:>2} x  {row['type']:<22} "
                f"{row['id']}  {row['url']}{end}"
            )


@app.command()
def retry(
    delivery: Annotated[str | None, typer.Argument(help="Id of a delivery in `alive402 webhooks list`.")] = None,
    all_dead: Annotated[bool, typer.Option("--all-dead", help="All dead deliveries.")] = False,
) -> None:
    """Send a delivery again, with all its attempts; a running service sends it within seconds."""
    from datetime import UTC, datetime

    if (delivery is None) is not all_dead:
        typer.echo("alive402 webhooks retry: name one delivery, or say --all-dead.", err=True)
        raise typer.Exit(64)

    async def revive(outbox: Outbox) -> int:
        return await outbox.revive(datetime.now(UTC), delivery)

    revived = _in_ledger(revive)
    typer.echo(f"{revived} to be sent again.")
    if delivery is not None and not revived:
        raise typer.Exit(NOTHING_FOUND)


def _in_ledger(work: Callable[[Outbox], Awaitable[Found]]) -> Found:
    """Run `work` in one transaction on the ledger."""
    from sqlalchemy.exc import SQLAlchemyError

    from alive402.payments.ledger import Ledger
    from alive402.storage import Outbox

    settings = read_settings("webhooks")

    async def run() -> Found:
        ledger = await Ledger.open(settings.database_url, settings.lease_seconds)
        try:
            async with ledger.session() as session:
                return await work(Outbox(session))
        finally:
            await ledger.close()

    try:
        return asyncio.run(run())
    except (SQLAlchemyError, OSError) as error:
        typer.echo(f"alive402 webhooks: the ledger cannot be opened: {type(error).__name__}.", err=True)
        raise typer.Exit(78) from None
