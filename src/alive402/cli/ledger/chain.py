"""`alive402 ledger reconcile` and `backup`: compare the ledger with the chain, and copy it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alive402.cli.ledger.access import on_ledger, real_payment_options, refuse

if TYPE_CHECKING:
    from alive402.payments.ledger import Ledger
    from alive402.settings import Settings

_PAYMENTS = ("freed", "settled", "expired", "failed", "unknown")

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Database = Annotated[str | None, typer.Option(help="URL of the ledger. [default: ALIVE402_DATABASE_URL]")]


def reconcile(as_json: Json = False, database_url: Database = None) -> None:
    """Compare the ledger with the chain now: resolve open payments, and add the payments that the ledger has lost.

    A running service does this by itself; run it after a restored backup. Exit code 1: they differ still, because the
    chain has no result yet, a node did not answer, or buyers have not come for recovered payments.

    Example:

      alive402 ledger reconcile --json
    """
    found = on_ledger("reconcile", database_url, _reconciled)
    if as_json:
        typer.echo(json.dumps(found))
    else:
        typer.echo(", ".join(f"{found[name]} {name}" for name in _PAYMENTS))
        for each in found["chains"]:
            counts = ", ".join(f"{each[name]} {name}" for name in ("known", "recovered", "settled", "waiting", "other"))
            state = "" if each["complete"] else "  (the node did not answer every question)"
            typer.echo(f"{each['network']} {each['payTo']} blocks {each['first']} to {each['last']}: {counts}{state}")
        if found["recovered"]:
            typer.echo(
                f"{found['recovered']} recovered payments, USD {int(found['recoveredAmount']) / 1e6:.2f}, wait for "
                "their buyers: alive402 ledger list --state recovered"
            )
    raise typer.Exit(1 if found["differs"] else 0)


def backup(
    file: Annotated[Path, typer.Argument(help="Where to write the copy; it must not exist.")],
    as_json: Json = False,
    database_url: Database = None,
) -> None:
    """Write a consistent copy of the ledger, while the service runs, and FILE.json with its block height.

    SQLite: a database file. PostgreSQL: an archive for pg_restore; pg_dump must be installed.

    Example:

      alive402 ledger backup backups/2026-01-01.db
    """
    if file.exists():
        refuse("backup", f"{file} exists. Choose another name.", 64)

    async def copy(ledger: Ledger, settings: Settings) -> dict[str, Any]:
        from alive402.storage import CopyFailed

        async with ledger.statements() as statements:
            # Before the copy, which then holds at least these blocks' payments.
            heights = [
                {"network": each.network, "asset": each.asset, "payTo": each.pay_to, "height": each.height}
                for each in await statements.positions()
            ]
        try:
            digest = await ledger.copy_to(file)
        except CopyFailed as error:
            refuse("backup", str(error), 1)
        from alive402.storage import utc_now

        made = {"file": str(file), "createdAt": utc_now().isoformat(), "sha256": digest, "chains": heights}
        file.with_name(f"{file.name}.json").write_text(json.dumps(made, indent=2) + "\n")
        return {**made, "keys": [str(each) for each in (settings.keys_file, settings.secrets_file) if each.exists()]}

    made = on_ledger("backup", database_url, copy)
    if as_json:
        typer.echo(json.dumps(made))
        return
    typer.echo(f"{made['file']}  sha256 {made['sha256']}")
    for each in made["chains"]:
        typer.echo(f"{each['network']} {each['payTo']}: every payment up to block {each['height']}")
    if made["keys"]:
        typer.echo(f"Keep these files with it: {', '.join(made['keys'])}")


async def _reconciled(ledger: Ledger, settings: Settings) -> dict[str, Any]:
    from alive402.payments.x402 import PaymentGate, Reconciler, Sweep

    options = real_payment_options(settings)
    swept = await Reconciler(ledger, PaymentGate(options)).sweep()
    compared = await Sweep(ledger, options, settings.sweep_days).once() if settings.sweep_days else []
    async with ledger.statements() as statements:
        count, amount = await statements.waiting_for_buyers()
    chains = [
        {
            "network": each.network,
            "asset": each.asset,
            "payTo": each.pay_to,
            "first": each.first,
            "last": each.last,
            "known": each.known,
            "recovered": each.recovered,
            "recoveredAmount": str(each.recovered_amount),
            "settled": each.settled,
            "waiting": each.waiting,
            "other": each.other,
            "complete": each.complete,
        }
        for each in compared
    ]
    open_still = any(each.waiting or not each.complete for each in compared)
    return {
        **dataclasses.asdict(swept),
        "chains": chains,
        "recovered": count,
        "recoveredAmount": str(amount),
        "differs": bool(swept.unknown or open_still or count),
    }
