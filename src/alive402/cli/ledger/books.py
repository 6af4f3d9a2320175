"""`alive402 ledger`: list, show, export, income, refund."""

from __future__ import annotations

import csv
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alive402.cli.ledger.access import USAGE, on_ledger, real_payment_options, refuse

if TYPE_CHECKING:
    from alive402.payments.ledger import Filter, Ledger, Payment
    from alive402.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The ledger: list, show, export, income, reconcile, backup, refund.")
WHAT = ["id", "state", "amount", "network", "asset", "payer", "payTo", "transaction", "refund"]
WHICH = ["requestId", "serviceId", "nonce", "validBefore", "createdAt", "updatedAt"]
COLUMNS = WHAT + WHICH
DAY_COLUMNS = ["day", "network", "asset", "payer", "payments", "income", "refunds", "refunded", "net"]

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Csv = Annotated[bool, typer.Option("--csv", help="CSV with a header line on stdout.")]
Database = Annotated[str | None, typer.Option(help="URL of the ledger. [default: ALIVE402_DATABASE_URL]")]
OfState = Annotated[str | None, typer.Option("--state", help="Only payments in this state, e.g. settle_unknown.")]
OfPayer = Annotated[str | None, typer.Option("--payer", help="Only payments of this address.")]
Since = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="From this day on, UTC.")]
Until = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Before this day, UTC.")]


@app.command("list")
def show_all(
    state: OfState = None,
    payer: OfPayer = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, help="Most payments to list, newest first.")] = 50,
    as_csv: Csv = False,
    as_json: Json = False,
    database_url: Database = None,
) -> None:
    """List the newest payments, one per line.

    Example:

      alive402 ledger list --state settle_unknown
    """
    wanted = _filter("list", state, payer, since, until)
    rows = on_ledger("list", database_url, lambda ledger, _: _rows(ledger, wanted, limit))
    if as_json:
        typer.echo(json.dumps({"payments": rows}))
    elif as_csv:
        _write_csv(COLUMNS, rows)
    else:
        if rows:
            typer.echo(f"{'CREATED':<19}  {'STATE':<15}{'AMOUNT':>12}  {'PAYER':<{len(rows[0]['payer'])}}  ID")
        for row in rows:
            typer.echo(
                f"{row['createdAt'][:19]}  {row['state']:<15}{_usd(row['amount']):>12}  {row['payer']}  {row['id']}"
            )


@app.command()
def show(
    key: Annotated[str, typer.Argument(metavar="ID", help="Of the payment, of its request, or of its transaction.")],
    answer: Annotated[bool, typer.Option("--answer", help="Also show the stored answer and receipt.")] = False,
    as_json: Json = False,
    database_url: Database = None,
) -> None:
    """Show one payment and its events."""

    async def read(ledger: Ledger, _: Settings) -> dict[str, Any] | None:
        async with ledger.statements() as statements:
            found = await statements.payment(key)
        if found is None:
            return None
        payment, events = found
        story = [{"at": each.at.isoformat(), "state": each.state, "detail": each.detail} for each in events]
        stored = {"answer": json.loads(payment.result or "null"), "receipt": json.loads(payment.receipt or "null")}
        shown = {**_row(payment), "answerStored": payment.result is not None, "events": story}
        return {**shown, **stored} if answer else shown

    row = on_ledger("show", database_url, read)
    if row is None:
        refuse("show", f"there is no payment, request or transaction {key} in the ledger.", 1)
    if as_json:
        typer.echo(json.dumps(row))
        return
    for name in (*COLUMNS, "answerStored", "answer", "receipt"):
        if row.get(name) is not None:
            typer.echo(f"{name:<13} {row[name]}")
    for event in row["events"]:
        typer.echo(f"  {event['at'][:23]}  {event['state']:<15} {event['detail']}".rstrip())


@app.command()
def export(
    state: OfState = None,
    payer: OfPayer = None,
    since: Since = None,
    until: Until = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line instead of CSV.")] = False,
    database_url: Database = None,
) -> None:
    """Export all payments as CSV with a header line, or as JSON lines; amounts in atomic units.

    Example:

      alive402 ledger export --since 2026-01-01 > payments.csv
    """
    wanted = _filter("export", state, payer, since, until)

    async def write(ledger: Ledger, _: Settings) -> None:
        lines = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
        if not as_json:
            lines.writeheader()
        async with ledger.statements() as statements:
            async for payment in statements.payments(wanted):
                if as_json:
                    typer.echo(json.dumps(_row(payment)))
                else:
                    lines.writerow(_row(payment))

    on_ledger("export", database_url, write)


@app.command()
def income(
    since: Since = None,
    by_payer: Annotated[bool, typer.Option("--by-payer", help="Group by payer too.")] = False,
    as_csv: Csv = False,
    as_json: Json = False,
    database_url: Database = None,
) -> None:
    """Show income and refunds by day (UTC), network and token."""

    async def read(ledger: Ledger, _: Settings) -> list[dict[str, Any]]:
        async with ledger.statements() as statements:
            days = await statements.income(_utc(since), by_payer=by_payer)
        return [{**{name: getattr(day, name) for name in DAY_COLUMNS}, "day": day.day.isoformat()} for day in days]

    days = on_ledger("income", database_url, read)
    if as_json:
        typer.echo(json.dumps({"days": days}))
    elif as_csv:
        _write_csv(DAY_COLUMNS, days)
    else:
        for day in days:
            typer.echo(
                f"{day['day']}  {day['payments']:>6} paid {_usd(day['income']):>12}  "
                f"{day['refunds']:>4} given back {_usd(day['refunded']):>10}  net {_usd(day['net']):>12}  "
                f"{day['network']} {day['payer'] or day['asset']}"
            )


@app.command()
def refund(
    key: Annotated[str, typer.Argument(metavar="ID", help="Of the payment, of its request, or of its transaction.")],
    transaction: Annotated[str, typer.Option(metavar="0x…", help="The transaction of your refund.")],
    as_json: Json = False,
    database_url: Database = None,
) -> None:
    """Record a refund. You send the money yourself; the command checks on the chain that it went to the payer."""
    from alive402.payments.x402.schemes import SCHEMES

    if not any(scheme.is_transaction(transaction) for scheme in SCHEMES):
        forms = dict.fromkeys(scheme.transaction_form for scheme in SCHEMES)
        refuse("refund", f"--transaction is {' or '.join(forms)}.", USAGE)

    async def mark(ledger: Ledger, settings: Settings) -> dict[str, Any]:
        from alive402.payments.x402 import mark_refunded

        await mark_refunded(ledger, real_payment_options(settings), key, transaction)
        async with ledger.statements() as statements:
            found = await statements.payment(key)
        assert found is not None
        return _row(found[0])

    row = on_ledger("refund", database_url, mark)
    typer.echo(json.dumps(row) if as_json else f"{row['id']}: {_usd(row['amount'])} given back to {row['payer']}")


def _filter(
    command: str, state: str | None, payer: str | None, since: datetime | None, until: datetime | None
) -> Filter:
    from alive402.payments.ledger import Filter, State

    if state is not None and state not in list(State):
        refuse(command, f"there is no state {state}; known: {', '.join(State)}.", USAGE)
    return Filter(State(state) if state else None, _spelled(payer) if payer else None, _utc(since), _utc(until))


def _spelled(payer: str) -> str:
    # Imported only for this option, because the schemes load a chain's client.
    from alive402.payments.x402.schemes import spelled

    return spelled(payer)


def _utc(day: datetime | None) -> datetime | None:
    return day.replace(tzinfo=UTC) if day else None


async def _rows(ledger: Ledger, wanted: Filter, limit: int) -> list[dict[str, Any]]:
    async with ledger.statements() as statements:
        return [_row(payment) async for payment in statements.payments(wanted, limit)]


def _row(payment: Payment) -> dict[str, Any]:
    """A payment for display, without the answer that it bought."""
    shown = {
        "requestId": payment.request_id,
        "serviceId": payment.service_id,
        "payTo": payment.pay_to,
        "validBefore": payment.valid_before,
        "createdAt": payment.created_at.isoformat(),
        "updatedAt": payment.updated_at.isoformat(),
    }
    return {name: shown[name] if name in shown else getattr(payment, name) for name in COLUMNS}


def _usd(amount: int) -> str:
    return f"USD {amount / 1e6:.2f}"


def _write_csv(columns: list[str], rows: list[dict[str, Any]]) -> None:
    lines = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    lines.writeheader()
    lines.writerows(rows)
