"""`alive402 keys`: creates, credits, lists and revokes API keys."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from alive402.cli.terminal import read_settings

if TYPE_CHECKING:
    from alive402.payments.keys import ApiKey
    from alive402.payments.ledger import Ledger
    from alive402.payments.prepaid import Balances, Granted
    from alive402.settings import Settings

app = typer.Typer(no_args_is_help=True, help="API keys of your own systems and of customers: create, credit, revoke.")
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Database = Annotated[str | None, typer.Option(help="URL of the ledger. [default: ALIVE402_DATABASE_URL]")]
KeyId = Annotated[str, typer.Argument(metavar="ID")]
T = TypeVar("T")


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Name of the key, at most 64 characters.")],
    scope: Annotated[list[str], typer.Option(help="call, ops or ledger; repeat for several.")],
    access_key: Annotated[
        bool, typer.Option("--access-key", help="The key can also sign requests, as Alibaba's SDKs do.")
    ] = False,
    prepaid: Annotated[
        bool, typer.Option("--prepaid", help="Calls are taken from a balance; otherwise they are free.")
    ] = False,
    database_url: Database = None,
    as_json: Json = False,
) -> None:
    """Create a key and print it. It is shown only once.

    Only its hash is stored. With --access-key it has an AccessKeyId, and the key is the AccessKeySecret, which is
    stored encrypted with the key beside the database or in ALIVE402_SECRETS_KEY.

    Example:

      alive402 keys create --name "back office" --scope call

      alive402 keys create --name "a customer" --scope call --access-key --prepaid
    """
    from alive402.payments.keys import Keys, Scope, SecretBox

    unknown = sorted({*scope} - {*Scope})
    if unknown or not 0 < len(name) <= 64:
        known = ", ".join(Scope)
        problem = f"there is no scope {unknown[0]}; known: {known}" if unknown else "name it in 1 to 64 letters"
        typer.echo(f"alive402 keys create: {problem}.", err=True)
        raise typer.Exit(64)

    async def made(ledger: Ledger, settings: Settings) -> tuple[ApiKey, str]:
        secret_box = SecretBox(settings.secrets_file, settings.given_secrets_key) if access_key else None
        return await Keys(ledger).create(name, map(Scope, scope), secret_box=secret_box, prepaid=prepaid)

    row, key = _on_ledger("create", database_url, made)
    if as_json:
        typer.echo(json.dumps({**_shown(row, {}), "key": key}))
        return
    if row.access_key_id:
        typer.echo(f"AccessKeyId      {row.access_key_id}")
        typer.echo(f"AccessKeySecret  {key}")
    else:
        typer.echo(key)
    typer.echo(f"{row.id}: {row.name}, may {row.scopes}. Keep the key: it is not shown again.", err=True)


@app.command()
def credit(
    key_id: KeyId,
    calls: Annotated[int, typer.Option(min=1, max=10_000_000, help="How many.")],
    service: Annotated[str, typer.Option(help="Id of the service in the catalog.")],
    database_url: Database = None,
    as_json: Json = False,
) -> None:
    """Give a prepaid key free calls of a service; the ledger records them as granted, amount 0."""
    from alive402.payments.keys import Keys
    from alive402.services import DEFINITIONS

    found = next((each for each in DEFINITIONS if service in each.ids), None)
    if found is None:
        known = ", ".join(each.id for each in DEFINITIONS)
        typer.echo(f"alive402 keys credit: there is no service {service}; known: {known}.", err=True)
        raise typer.Exit(64)

    async def granted(ledger: Ledger, settings: Settings) -> Granted | None:
        row = await Keys(ledger).find(key_id)
        if row.revoked_at is not None or not row.prepaid:
            return None
        return await _balances(ledger, settings).grant(row.id, found.id, calls)

    given = _on_ledger("credit", database_url, granted)
    if given is None:
        typer.echo(f"alive402 keys credit: {key_id} is revoked, or not prepaid: its calls are free.", err=True)
        raise typer.Exit(1)
    until = given.expires_at
    if as_json:
        given_json = {"id": key_id, "paymentId": given.prepayment_id, "calls": calls, "expiresAt": until.isoformat()}
        typer.echo(json.dumps({**given_json, "serviceId": found.id}))
        return
    typer.echo(f"{key_id} has {calls} more calls of {found.id}, until {until:%Y-%m-%d}.", err=True)


@app.command("list")
def show(database_url: Database = None, as_json: Json = False) -> None:
    """List all keys, revoked ones too, with the calls left of prepaid ones; never the keys themselves."""
    from alive402.payments.keys import Keys

    async def all_of_them(ledger: Ledger, settings: Settings) -> tuple[list[ApiKey], dict[str, dict[str, int]]]:
        return await Keys(ledger).list(), await _balances(ledger, settings).all()

    rows, left = _on_ledger("list", database_url, all_of_them)
    if as_json:
        typer.echo(json.dumps({"keys": [_shown(row, left.get(row.id, {})) for row in rows]}))
        return
    if rows:
        typer.echo(
            f"{'ID':<{len(rows[0].id)}}  {'STATE':<18} {'USED':<16} {'SCOPES':<16} NAME, ACCESSKEYID, CALLS LEFT"
        )
    for row in rows:
        state = f"revoked {row.revoked_at:%Y-%m-%d}" if row.revoked_at else "good"
        used = f"used {row.used_at:%Y-%m-%d}" if row.used_at else "never used"
        balance = ", ".join(f"{calls} {service}" for service, calls in sorted(left.get(row.id, {}).items()))
        cost = f"  {balance or 'no calls left'}" if row.prepaid else ""
        signs = f"  {row.access_key_id}" if row.access_key_id else ""
        typer.echo(f"{row.id}  {state:<18} {used:<16} {row.scopes:<16} {row.name}{signs}{cost}")


@app.command()
def revoke(key_id: KeyId, database_url: Database = None) -> None:
    """Revoke a key at once."""
    from alive402.payments.keys import Keys

    _on_ledger("revoke", database_url, lambda ledger, _settings: Keys(ledger).revoke(key_id))
    typer.echo(f"{key_id} is revoked.", err=True)


def _shown(row: ApiKey, left: dict[str, int]) -> dict[str, Any]:
    moments = {"createdAt": row.created_at, "usedAt": row.used_at, "revokedAt": row.revoked_at}
    said = {name: at.isoformat() if at else None for name, at in moments.items()}
    balance = {"balance": left} if row.prepaid else {}
    return {
        "id": row.id,
        "name": row.name,
        "scopes": row.scopes.split(),
        "accessKeyId": row.access_key_id,
        "prepaid": row.prepaid,
        **balance,
        **said,
    }


def _balances(ledger: Ledger, settings: Settings) -> Balances:
    from alive402.payments.prepaid import Balances, Tokens

    return Balances(ledger, Tokens(ledger, settings.token_days), settings.token_days)


def _on_ledger(command: str, database_url: str | None, work: Callable[[Ledger, Settings], Awaitable[T]]) -> T:
    """Open the ledger for one piece of work; an error is printed in one line."""
    from sqlalchemy.exc import SQLAlchemyError

    from alive402.payments.core import NoSuchApiKey, PaymentsMisconfigured
    from alive402.payments.ledger import Ledger

    settings = read_settings(f"keys {command}", database_url=database_url)

    async def run() -> T:
        ledger = await Ledger.open(settings.database_url, lease_seconds=settings.lease_seconds)
        try:
            return await work(ledger, settings)
        finally:
            await ledger.close()

    try:
        return asyncio.run(run())
    except NoSuchApiKey as error:
        typer.echo(f"alive402 keys {command}: {error.message}", err=True)
        raise typer.Exit(1) from None
    except PaymentsMisconfigured as error:
        typer.echo(f"alive402 keys {command}: {error.message}", err=True)
        raise typer.Exit(78) from None
    except (SQLAlchemyError, OSError):
        typer.echo(f"alive402 keys {command}: the ledger cannot be opened. Check ALIVE402_DATABASE_URL.", err=True)
        raise typer.Exit(78) from None
