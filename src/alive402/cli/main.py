"""The command line `alive402` with its subcommands."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer
from typer._click.exceptions import ClickException
from typer.core import TyperGroup

from alive402 import __version__
from alive402.cli import (
    analyze,
    batch,
    buying,
    challenge,
    demo,
    evaluate,
    keys,
    ledger,
    mcp,
    models,
    receipt,
    serve,
    webhooks,
)
from alive402.cli.terminal import EXIT_MISSING, command_for, extra_of

EXIT_USAGE = 64
"""EX_USAGE of sysexits.h, because 2 means `inconclusive` here."""
EXIT_INTERRUPTED = 130
EXIT_PIPE = 141
"""128 + SIGPIPE, as for every program whose reader has gone: `alive402 analyze ... | head -1`."""


class _Commands(TyperGroup):
    """The commands; each ends in the same way when a package is missing."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            extra = extra_of(error.name)
            if extra is None:
                raise
            command = ctx.invoked_subcommand or ""
            typer.echo(
                f"alive402 {command}: {error.name} is not installed. Run: {command_for(extra, command)}", err=True
            )
            raise typer.Exit(EXIT_MISSING) from None


app = typer.Typer(
    name="alive402",
    cls=_Commands,
    help="Was this face filmed from life, or re-filmed from a screen, a print, a mask, or injected?",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
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
app.add_typer(challenge.app, name="challenge")
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
    except SystemExit as end:
        # Click and rich exit with 1, the code of `spoof`, when the reader of standard output has closed it.
        code = EXIT_PIPE if end.code == 1 else end.code
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # So that the interpreter's own last flush does not fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = EXIT_PIPE
    sys.exit(code if isinstance(code, int) else 0)
