"""`alive402 mcp`: the tools for agents on this machine, over standard input and output."""

from __future__ import annotations

from typing import Annotated

import typer


def mcp(
    allow_private_hosts: Annotated[
        bool, typer.Option("--allow-private-hosts", help="Fetch URLs from your own network too.")
    ] = False,
) -> None:
    """Serve the tools to an MCP client on this machine: they judge files and URLs here, free.

    The client starts this command itself. Its configuration: command `alive402`, arguments `mcp`.
    """
    import asyncio

    try:
        from alive402.mcp.local import local_server, serve_over_stdio
        from alive402.services.local import on_this_machine
    except ImportError as error:
        typer.echo(f"alive402 mcp: {error.name} is missing. Install alive402[server].", err=True)
        raise typer.Exit(64) from None
    from alive402.log import configure_log

    configure_log()
    try:
        asyncio.run(serve_over_stdio(local_server(on_this_machine(allow_private_hosts=allow_private_hosts))))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
