"""Reads the settings for a command: invalid ones end it in one line each, misspelt ones are warned about."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from alive402.settings import Settings

EXIT_USAGE = 64


def read_settings(command: str, **given: Any) -> Settings:
    """The settings of the environment; options in `given` that are not None replace them.

    Exits with 64 after a line for each invalid setting, e.g. `alive402 serve: ALIVE402_PORT: ...`.
    """
    from pydantic import ValidationError

    from alive402.settings import Settings

    warn_of_unknown_settings(command)
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        for problem in error.errors():
            where = f"ALIVE402_{str(problem['loc'][0]).upper()}: " if problem["loc"] else ""
            typer.echo(f"alive402 {command}: {where}{problem['msg'].removeprefix('Value error, ')}", err=True)
        raise typer.Exit(EXIT_USAGE) from None


def warn_of_unknown_settings(command: str) -> None:
    """Warn on standard error of each variable that looks like a setting and is none."""
    from alive402.settings import unknown_settings

    for name, near in unknown_settings(os.environ):
        advice = f"Did you mean {near}?" if near else "docs/operate.md lists the settings."
        typer.echo(f"alive402 {command}: {name} is no setting and has no effect. {advice}", err=True)
