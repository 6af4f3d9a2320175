"""`alive402 challenge film`: films an answer with this machine's camera, by a page in its browser, and judges it."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from alive402.cli.challenge.options import Avoid, Pace, Steps
from alive402.cli.judging import EXIT, EXIT_UNUSABLE, InFull, JsonLines
from alive402.cli.terminal import file_bar, threshold_of, waiting

EXIT_USAGE = 64


def film(
    out: Annotated[
        Path, typer.Option("--out", metavar="FOLDER", help="Where the clip and its challenge are written.")
    ] = Path(),
    steps: Steps = 5,
    avoid: Avoid = None,
    pace: Pace = "normal",
    threshold: Annotated[
        str | None,
        typer.Option(metavar="NUMBER|NAME", help="Live confidence at which a verdict is live, or an operating point."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the page; by default a free one.")] = 0,
    no_open: Annotated[bool, typer.Option("--no-open", help="Only print the page's address.")] = False,
    wait: Annotated[float, typer.Option(min=1, help="Seconds to wait for the clip.")] = 600.0,
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON object on stdout.")] = False,
) -> None:
    """Film an answer in the browser of this machine, and judge it; nothing leaves the machine.

    Writes challenge-ID.webm (or .mp4) and challenge-ID.json, for `alive402 analyze --challenge`.

    Exit code: 0 live and answered, 1 spoof, 2 inconclusive, 3 no clip or an unusable one, 64 usage.

    Examples:

      alive402 challenge film

      alive402 challenge film --out answers --pace slow --json
    """
    from rich.console import Console

    from alive402.cli.challenge.loopback import Filming, served
    from alive402.liveness import AnalysisError, Analyzer, ChallengeOptions, model_files

    aloud = Console(stderr=True)
    point = threshold_of("challenge film", threshold)
    if not out.is_dir():
        _stop(f"there is no folder {out}.", EXIT_USAGE)
    try:
        filming = Filming(out, ChallengeOptions(steps, tuple(avoid or ()), pace))  # type: ignore[arg-type]
        with waiting(aloud) as say:
            model_files.ensure(say)
        analyzer = Analyzer()
        with served(filming, port) as address:
            typer.echo(f"Film the answer at {address}", err=True)
            if not no_open:
                webbrowser.open(address)
            if not filming.done.wait(wait):
                _stop(f"no clip came in {wait:.0f} seconds.", EXIT_UNUSABLE)
            assert filming.clip is not None
            typer.echo(f"Clip: {filming.clip}, challenge: {filming.clip.with_suffix('.json')}", err=True)
            # The page is still served: it sends the clip again if the answer to it was lost.
            with file_bar(aloud, filming.clip.name) as progress:
                report = analyzer.analyze(filming.clip, progress, point, filming.challenge).report
    except AnalysisError as error:
        _stop(error.message, EXIT_UNUSABLE)
    except ValueError as error:
        _stop(str(error), EXIT_USAGE)
    except OSError as error:
        _stop(f"the page cannot be served: {error.strerror}.", EXIT_USAGE)
    printer = JsonLines() if as_json else InFull(Console(), several=False)
    printer.answer(str(filming.clip), report)
    raise typer.Exit(EXIT[report.verdict])


def _stop(message: str, code: int) -> NoReturn:
    typer.echo(f"alive402 challenge film: {message}", err=True)
    raise typer.Exit(code) from None
