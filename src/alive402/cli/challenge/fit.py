"""`alive402 challenge fit`: fits the thresholds of the movements on clips of people who were asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from alive402.cli.terminal import bar, waiting

if TYPE_CHECKING:
    from rich.console import Console

    from alive402.lab import ChallengeFit
    from alive402.liveness import ThresholdFit

EXIT_NOTHING = 3
EXIT_USAGE = 64


def fit(
    data: Annotated[Path, typer.Argument(metavar="MANIFEST.csv", help="A manifest as for `alive402 evaluate`.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.json", help="Where to write the thresholds.")],
    as_json: Annotated[bool, typer.Option("--json", help="The fit as one JSON object on stdout.")] = False,
) -> None:
    """Fit the threshold of each movement: at most 2 % of the asked movements are missed.

    The manifest has the columns path, label, subject and challenge. A clip with a challenge is of somebody who was
    asked, one without of somebody who was asked nothing; attacks are left out. People who were asked nothing show at
    most 0.1 such movements a second, and without their clips no threshold becomes lower than it is.

    Exit code: 0, 3 when no clip of somebody who was asked can be read, 64 usage.

    Example:

      alive402 challenge fit asked.csv --out thresholds.json
    """
    from rich.console import Console

    aloud = Console(stderr=True)
    from alive402.lab import datasets, fit_presentations
    from alive402.liveness import AnalysisError, model_files

    try:
        wanted = datasets.read(data)
        if not out.parent.is_dir():
            _stop(aloud, f"there is no folder {out.parent} for the thresholds.", EXIT_USAGE)
        with waiting(aloud) as say:
            model_files.ensure(say)
        with bar(aloud) as tell:
            found = fit_presentations(wanted, lambda done, total, one: tell(done, total, one.name[-40:]))
    except datasets.DatasetError as error:
        _stop(aloud, str(error), EXIT_USAGE)
    except AnalysisError as error:
        _stop(aloud, error.message, EXIT_NOTHING)
    if found.fit is None:
        why = ", ".join(f"{code} {count}" for code, count in found.unreadable.items())
        _stop(aloud, f"no clip with a challenge could be read{f': {why}' if why else ''}.", EXIT_NOTHING)
    out.write_text(json.dumps(found.fit.limits.to_dict(), indent=2) + "\n", encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=2))
    else:
        _say(found, found.fit, Console())
    aloud.print(f"Thresholds: {out}", soft_wrap=True)


def _stop(console: Console, message: str, code: int) -> NoReturn:
    console.print(f"alive402 challenge fit: {message}", style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code) from None


def _say(found: ChallengeFit, fit: ThresholdFit, console: Console) -> None:
    """Print the fit."""
    from rich.table import Table

    console.print(
        f"{found.asked} clips of {found.people} people who were asked, {found.unasked} clips of people who were not",
        soft_wrap=True,
    )
    for code, count in found.unreadable.items():
        console.print(f"  left out: {code} {count}", style="dim", highlight=False)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("", "asked", "threshold", "before", "missed", "before", "false a second", "before"):
        table.add_column(title, justify="left" if not title else "right")
    for each in fit.movements:
        false = ["" if rate is None else f"{rate:.3f}" for rate in (each.false, each.false_before)]
        sizes = [f"{each.threshold:g}", f"{each.before:g}", str(each.missed), str(each.missed_before)]
        table.add_row(each.kind.replace("_", " "), str(each.asked), *sizes, *false)
    console.print(table)
    if fit.lacking:
        console.print("Not fitted yet:", style="bold")
        for each_lack in fit.lacking:
            console.print(f"  {each_lack}", highlight=False, soft_wrap=True)
