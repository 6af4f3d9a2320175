"""`alive402 mcp`: the local MCP server, over standard input and output."""

from __future__ import annotations

from typing import Annotated, NoReturn

import typer

EXIT_INTERRUPTED = 130


def mcp(
    allow_private_hosts: Annotated[
        bool, typer.Option("--allow-private-hosts", help="Also fetch URLs from your own network.")
    ] = False,
) -> None:
    """Serve MCP tools on this machine that judge files and URLs, free.

    The MCP client starts this command. Its configuration: command `alive402`, arguments `mcp`.
    """
    import asyncio
    import signal

    from alive402.log import configure_log
    from alive402.mcp import local_server, serve_over_stdio
    from alive402.services import SERVICES, on_this_machine

    configure_log()
    services = on_this_machine(SERVICES, allow_private_hosts=allow_private_hosts)
    # A thread waits for standard input, and cancelling the server would wait for that thread.
    signal.signal(signal.SIGINT, lambda *_signal: _leave())
    asyncio.run(serve_over_stdio(local_server(services)))


def _leave() -> NoReturn:
    """End at once, without joining threads; temporary folders are removed, and the workers end with their input."""
    import atexit
    import os

    atexit._run_exitfuncs()
    os._exit(EXIT_INTERRUPTED)
