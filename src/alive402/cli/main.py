"""The command line: one word a job, `alive402 --help` lists them."""

from __future__ import annotations

import sys

import typer

from alive402 import __version__
from alive402.cli import demo, serve

app = typer.Typer(
    name="alive402",
    help="Was this face filmed from life, or re-filmed from a screen, a print, a mask, or injected?",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

app.command("serve")(serve.serve)
app.command("demo")(demo.demo)


def main() -> None:
    """Run the command line; usage errors exit with 64 (EX_USAGE), as sysexits.h has it."""
    sys.exit(app(standalone_mode=True))


__all__ = ["__version__", "app", "main"]
