"""Reads the option --threshold: a number between 0 and 1, or the name of an operating point."""

from __future__ import annotations

import typer

EXIT_USAGE = 64


def threshold_of(command: str, given: str | None) -> float | str | None:
    """The operating point that an option names; None for the engine's own. Exits with 64 if there is no such one."""
    if given is None:
        return None
    from alive402.liveness import fusion

    point: float | str
    try:
        point = float(given)
    except ValueError:
        point = given
    try:
        fusion.packaged().at(point)
    except ValueError as error:
        typer.echo(f"alive402 {command}: {error}", err=True)
        raise typer.Exit(EXIT_USAGE) from None
    return point
