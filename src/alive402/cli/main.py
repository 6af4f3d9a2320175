"""The command line `alive402` with its subcommands."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from typer._click.exceptions import ClickException

from alive402 import __version__
from alive402.cli import analyze, batch, buying, demo, evaluate, keys, ledger, mcp, models, receipt, serve, webhooks

EXIT_USAGE = 64
"""EX_USAGE of sysexits.h, because 2 means `inconclusive` here."""
EXIT_INTERRUPTED = 130

app = typer.Typer(
    name="alive402",
    help="Was this face filmed from life, or re-filmed from a screen, a print, a mask, or injected?",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

app.command("analyze")(analyze.analyze)
app.command("batch")(batch.batch)
app.command("buy")(buying.buy)
app.command("evaluate")(evaluate.evaluate)
app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("mcp")(mcp.mcp)
app.command("verify-receipt")(receipt.verify_receipt)
app.command("rotate-key")(receipt.rotate_key)
app.add_typer(models.app, name="models")
app.add_typer(ledger.app, name="ledger")
app.add_typer(keys.app, name="keys")
app.add_typer(webhooks.app, name="webhooks")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line and exit with its code; usage errors exit with 64."""
    try:
        code = app(standalone_mode=False)
    except ClickException as error:
        error.show()
        code = EXIT_USAGE
    except typer.Abort:
        code = EXIT_INTERRUPTED
    sys.exit(code if isinstance(code, int) else 0)
