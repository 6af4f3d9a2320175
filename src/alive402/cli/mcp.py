"""`alive402 mcp`: the local MCP server, over standard input and output."""

from __future__ import annotations

from typing import Annotated

import typer


def mcp(
    allow_private_hosts: Annotated[
        bool, typer.Option("--allow-private-hosts", help="Also fetch URLs from your own network.")
    ] = False,
) -> None:
    """Serve MCP tools on this machine that judge files and URLs, free.

    The MCP client starts this command. Its configuration: command `alive402`, arguments `mcp`.
    """
    import asyncio

    try:
        from alive402.mcp import local_server, serve_over_stdio
        from alive402.services import SERVICES, on_this_machine
    except ImportError as error:
        typer.echo(f"alive402 mcp: {error.name} is missing. Install alive402[server].", err=True)
        raise typer.Exit(64) from None
    from alive402.log import configure_log

    configure_log()
    services = on_this_machine(SERVICES, allow_private_hosts=allow_private_hosts)
    try:
        asyncio.run(serve_over_stdio(local_server(services)))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
