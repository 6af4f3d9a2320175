"""`alive402 serve`: runs the paid service."""

from __future__ import annotations

import threading
from typing import Annotated

import typer

from alive402.cli.terminal import read_settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one. [default: 8402]")] = None,
    network: Annotated[
        str | None,
        typer.Option(help="dev (test money), base, base-sepolia, eip155:<id>, solana, solana-devnet. [default: dev]"),
    ] = None,
    pay_to: Annotated[str | None, typer.Option(help="Address that receives the money.")] = None,
    facilitator_url: Annotated[str | None, typer.Option(help="x402 facilitator of a real network.")] = None,
    rpc_url: Annotated[str | None, typer.Option(help="Node of a real network.")] = None,
    database_url: Annotated[str | None, typer.Option(help="SQLAlchemy URL of the ledger.")] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Live confidence at which a verdict is live. [default: the engine's]")
    ] = None,
    allow_private_hosts: Annotated[
        bool | None, typer.Option("--allow-private-hosts", help="Also fetch videos from your own network.")
    ] = None,
) -> None:
    """Run the paid service; by default with test money, on loopback. Each option is also ALIVE402_<NAME>."""
    settings = read_settings(
        "serve",
        host=host,
        port=port,
        network=network,
        pay_to=pay_to,
        facilitator_url=facilitator_url,
        rpc_url=rpc_url,
        database_url=database_url,
        threshold=threshold,
        allow_private_hosts=allow_private_hosts,
    )

    import asyncio

    from alive402.http import StartRefused, run

    if settings.samples:
        threading.Thread(target=_make_samples, daemon=True).start()
    try:
        asyncio.run(run(settings, typer.echo))
    except StartRefused as error:
        typer.echo(f"alive402 serve: {error}", err=True)
        raise typer.Exit(78) from None
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def _make_samples() -> None:
    """Make the sample clips beside the running service, which shows them once they are there."""
    import structlog

    from alive402.web import shown_samples

    if shown_samples():
        return
    # It loads the video libraries, which this process does not need otherwise.
    from alive402.demo import prepare_samples

    try:
        prepare_samples()
    except Exception as error:
        # Without samples everything else works: no network, a read-only cache.
        structlog.get_logger(__name__).warning("no sample clips", reason=str(error))
