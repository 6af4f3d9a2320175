"""`alive402 challenge new`: draws the movements that a person has to make in a clip; registers the other commands."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Annotated

import typer

from alive402.cli.challenge.film import film
from alive402.cli.challenge.fit import fit
from alive402.cli.challenge.options import Avoid, Pace, Steps

EXIT_USAGE = 64

app = typer.Typer(help="Movements that a person has to make in a clip, drawn at random.", no_args_is_help=True)


app.command()(film)
app.command()(fit)


@app.command()
def new(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.json", help="Where to write it; else standard output.")
    ] = None,
    steps: Steps = 5,
    avoid: Avoid = None,
    pace: Pace = "normal",
) -> None:
    """Draw a challenge. Film the person while the movements are asked; then `alive402 analyze CLIP --challenge FILE`.

    The file has no deadline and can be used again: it says what the clip has to show, not when it was filmed.

    Exit code: 0, 64 usage.

    Examples:

      alive402 challenge new --out challenge.json

      alive402 challenge new --avoid look_up --avoid look_down --pace slow
    """
    from alive402.liveness import Challenge, ChallengeOptions

    try:
        options = ChallengeOptions(steps, tuple(avoid or ()), pace)  # type: ignore[arg-type]
        drawn = Challenge.new(secrets.token_urlsafe(32), secrets.token_bytes(32), options)
        text = json.dumps(drawn.to_dict(), indent=2)
        if out is None:
            typer.echo(text)
        else:
            out.write_text(text + "\n", encoding="utf-8")
    except (ValueError, OSError) as error:
        typer.echo(f"alive402 challenge new: {error}", err=True)
        raise typer.Exit(EXIT_USAGE) from None
    if out is not None:
        for step in drawn.steps:
            typer.echo(f"{step.at:5.1f} s  {step.kind.replace('_', ' ')}", err=True)
        typer.echo(f"Film {drawn.seconds:.0f} s, the first {drawn.lead:.1f} s looking straight ahead.", err=True)
