"""`alive402 demo`: judges and pays for two clips on this machine, from start to end."""

from __future__ import annotations

import typer


def demo() -> None:
    """Judge and pay for two clips on this machine, with test money; needs no account and no chain."""
    import asyncio

    from rich.console import Console

    from alive402.demo import DemoFailed, run_demo
    from alive402.liveness import AnalysisError

    try:
        asyncio.run(run_demo(Console(highlight=False, soft_wrap=True)))
    except (DemoFailed, AnalysisError) as error:
        typer.echo(f"alive402 demo: {error}", err=True)
        raise typer.Exit(1) from None
