"""`alive402 analyze`: judge files, folders, URLs, standard input or a camera, and say why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alive402.cli.judging import (
    EXIT,
    EXIT_UNUSABLE,
    Csv,
    InFull,
    Input,
    JsonLines,
    Table,
    arriving,
    expanded,
    fetched,
    filmed,
)
from alive402.cli.terminal import file_bar, threshold_of, waiting

if TYPE_CHECKING:
    from rich.console import Console

    from alive402.cli.judging import Printer
    from alive402.liveness import Analysis, Analyzer, Challenge, ImageAnalysis, Progress

EXIT_USAGE = 64


def analyze(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="INPUT...", help="Videos, pictures, folders, patterns, http(s) URLs, or - for standard input."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", "--jsonl", help="One JSON object a line and input on stdout, nothing else.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV with a header line on stdout, one line an input.")] = False,
    details: Annotated[bool, typer.Option("--details", help="All evidence of each of several inputs.")] = False,
    threshold: Annotated[
        str | None,
        typer.Option(metavar="NUMBER|NAME", help="Live confidence at which a verdict is live, or an operating point."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="OUT.html", help="Write one self-contained page with pictures.")
    ] = None,
    watch: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Judge each file that arrives in a folder, until Ctrl-C.")
    ] = None,
    camera: Annotated[
        str | None, typer.Option(metavar="DEVICE", help="Film six seconds with a camera, e.g. /dev/video0.")
    ] = None,
    expert: Annotated[
        str | None, typer.Option(metavar="NAME", help="Also use an expert that was added with `alive402 models add`.")
    ] = None,
    hardware: Annotated[
        str | None,
        typer.Option(
            "--hardware-decoding", metavar="KIND", help="Decode on a graphics card, e.g. cuda. Off by default."
        ),
    ] = None,
    challenge: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json", help="A challenge of `alive402 challenge new` that each video has to answer."
        ),
    ] = None,
    allow_private_hosts: Annotated[
        bool, typer.Option("--allow-private-hosts", help="Also fetch URLs from your own network.")
    ] = False,
) -> None:
    """Was the face in each video filmed from life? A single picture is judged too, by far less evidence.

    Several inputs are a table of one line each, with totals; --details shows the evidence of each.

    With --challenge a video is live only if it also shows the movements that were asked; else it is inconclusive.

    Exit code: 0 live, 1 spoof, 2 inconclusive, 3 unusable input; of several inputs the highest. 64 usage, 69 a package
    is missing, 130 Ctrl-C, 141 the reader of a pipe has closed it.

    Examples:

      alive402 analyze selfie.mp4

      alive402 analyze selfies/ --csv > answers.csv

      alive402 analyze https://example.org/selfie.mp4 --report answer.html

      curl -s https://example.org/selfie.mp4 | alive402 analyze - --json
    """
    from rich.console import Console

    messages, aloud = Console(stderr=True), Console()
    _check_usage(inputs or [], watch, camera, report, as_json and as_csv)
    point, asked = threshold_of("analyze", threshold), _challenge(challenge)
    wanted = expanded(inputs or [])
    printer: Printer
    if as_json or as_csv:
        printer = JsonLines() if as_json else Csv()
    elif (len(wanted) > 1 or watch is not None) and not details:
        printer = Table(aloud, [one.name for one in wanted])
    else:
        printer = InFull(aloud, several=len(wanted) > 1 or watch is not None)
    worst, shown = 0, []
    try:
        with _engine(messages, expert, hardware) as analyzer:
            for one in _each(wanted, camera, watch):
                outcome = _judge(analyzer, one, messages, point, allow_private_hosts, asked)
                if isinstance(outcome, dict):
                    worst = max(worst, EXIT_UNUSABLE)
                    printer.error(one.name, outcome)
                    continue
                worst = max(worst, EXIT[outcome.report.verdict])
                printer.answer(one.name, outcome.report)
                if report is not None and not hasattr(outcome, "sample"):
                    shown.append((one.name, outcome))
    finally:
        printer.end()
    if report is not None:
        _write_report(report, shown, messages)
    raise typer.Exit(worst)


def _check_usage(inputs: Sequence[str], watch: Path | None, camera: str | None, report: Path | None, two: bool) -> None:
    wrong = None
    if not inputs and watch is None and camera is None:
        wrong = "name a file, a folder or a URL. `alive402 analyze -h` shows examples."
    elif two:
        wrong = "--json and --csv are two forms of the same answer. Choose one."
    elif watch is not None and not watch.is_dir():
        wrong = f"there is no folder {watch} to watch."
    elif report is not None and not report.parent.is_dir():
        wrong = f"there is no folder {report.parent} for the report."
    if wrong:
        typer.echo(f"alive402 analyze: {wrong}", err=True)
        raise typer.Exit(EXIT_USAGE)


def _each(wanted: Sequence[Input], camera: str | None, watch: Path | None) -> Iterator[Input]:
    """The inputs in order; the camera; and then, without end, what arrives in the watched folder."""
    yield from wanted
    if camera is not None:
        yield Input(camera, camera=True)
    if watch is not None:
        yield from (Input(str(path)) for path in arriving(watch))


@contextmanager
def _engine(console: Console, expert: str | None, hardware: str | None) -> Iterator[Analyzer]:
    """Load the engine, after installing its models if they are missing; exits when that fails."""
    from alive402.liveness import AnalysisError, Analyzer, model_files

    if expert is not None and expert not in model_files.experts():
        known = ", ".join(model_files.experts())
        console.print(f"alive402 analyze: there is no expert {expert}; known: {known}.", style="red", soft_wrap=True)
        raise typer.Exit(EXIT_USAGE)
    try:
        with waiting(console) as say:
            model_files.ensure(say)
        analyzer = Analyzer(expert=expert, hardware=hardware)
    except ValueError as error:
        console.print(f"alive402 analyze: {error}", style="red", soft_wrap=True)
        raise typer.Exit(EXIT_USAGE) from None
    except AnalysisError as error:
        console.print(f"alive402 analyze: {error.message}", style="red", soft_wrap=True)
        raise typer.Exit(EXIT_UNUSABLE) from None
    yield analyzer


def _judge(
    analyzer: Analyzer,
    one: Input,
    console: Console,
    point: float | str | None,
    private: bool,
    asked: Challenge | None,
) -> Analysis | ImageAnalysis | dict[str, Any]:
    """The analysis of one input, or the error as `{code, message, details}`."""
    from alive402.errors import CodedError
    from alive402.intake import local_advice

    try:
        with file_bar(console, one.name) as progress:
            if one.camera:
                progress("filming", 0.0)
                return analyzer.analyze_frames(filmed(one.name), progress, point, asked)
            progress("fetching", 0.0)
            with fetched(one, private=private) as path:
                return _by_kind(analyzer, path, progress, point, asked)
    except CodedError as error:
        return {"code": error.code, "message": local_advice(error), "details": error.details}
    except FileNotFoundError:
        return {"code": "file_not_found", "message": "There is no such file.", "details": {}}
    except OSError as error:
        return {"code": "file_unreadable", "message": f"The file cannot be read: {error.strerror}.", "details": {}}


def _by_kind(
    analyzer: Analyzer, path: Path, progress: Progress, point: float | str | None, asked: Challenge | None
) -> Analysis | ImageAnalysis:
    from alive402.liveness import UnsupportedVideo, is_image

    if not is_image(path):
        return analyzer.analyze(path, progress, point, asked)
    if asked is not None:
        raise UnsupportedVideo("A picture cannot answer a challenge. Give a video.")
    return analyzer.analyze_image(path, point)


def _challenge(path: Path | None) -> Challenge | None:
    """The challenge of a file; exits when it is none."""
    if path is None:
        return None
    from alive402.liveness import Challenge

    try:
        return Challenge.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        typer.echo(f"alive402 analyze: {path}: {error}", err=True)
        raise typer.Exit(EXIT_USAGE) from None


def _write_report(path: Path, shown: list[Any], console: Console) -> None:
    if not shown:
        console.print("No report was written: it needs a video, and none was judged.", soft_wrap=True)
        return
    from alive402.web import render_report

    path.write_text(render_report(shown), encoding="utf-8")
    console.print(f"Report: {path}", soft_wrap=True)
