"""`alive402 analyze`: judge files or URLs, and say why."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from alive402.liveness import Analysis, Analyzer, ImageAnalysis, ImageReport, Progress, Report

EXIT = {"live": 0, "spoof": 1, "inconclusive": 2}
EXIT_UNUSABLE = 3
EXIT_USAGE = 64
COLOURS = {"live": "bold green", "spoof": "bold red", "inconclusive": "bold yellow"}
BAR = 24


def analyze(
    inputs: Annotated[list[str], typer.Argument(metavar="FILE_OR_URL...", help="Videos, images, or http(s) URLs.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line and input on stdout, nothing else.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="OUT.html", help="Write one self-contained page with pictures.")
    ] = None,
    expert: Annotated[
        str | None, typer.Option(metavar="NAME", help="Also use an expert that was added with `alive402 models add`.")
    ] = None,
    allow_private_hosts: Annotated[
        bool, typer.Option("--allow-private-hosts", help="Also fetch URLs from your own network.")
    ] = False,
) -> None:
    """Was the face in each video filmed from life? A single image is judged too, by far less evidence.

    Exit code: 0 live, 1 spoof, 2 inconclusive, 3 unusable input, 64 usage; of several inputs the highest.

    Examples:

      alive402 analyze selfie.mp4

      alive402 analyze *.mp4 --json > answers.jsonl

      alive402 analyze https://example.org/selfie.mp4 --report answer.html
    """
    from rich.console import Console

    from alive402.liveness import ImageReport

    if report is not None and not report.parent.is_dir():
        typer.echo(f"alive402 analyze: there is no folder {report.parent} for the report.", err=True)
        raise typer.Exit(EXIT_USAGE)
    aloud = Console(stderr=as_json)
    worst, judged = 0, []
    with _engine(Console(stderr=True), expert) as analyzer:
        for name in inputs:
            outcome = _judge(analyzer, name, Console(stderr=True), allow_private_hosts)
            if isinstance(outcome, dict):
                worst = max(worst, EXIT_UNUSABLE)
                _say_error(name, outcome, as_json, aloud)
                continue
            worst = max(worst, EXIT[outcome.report.verdict])
            if not isinstance(outcome.report, ImageReport):
                judged.append((name, outcome))
            if as_json:
                typer.echo(json.dumps({"input": name} | outcome.report.to_dict(), ensure_ascii=False))
            else:
                _say(name, outcome.report, aloud)
    if report is not None and not judged:
        Console(stderr=True).print("No report was written: it needs a video, and none was judged.", soft_wrap=True)
    if report is not None and judged:
        from alive402.web import render_report

        report.write_text(render_report(judged), encoding="utf-8")
        Console(stderr=True).print(f"Report: {report}", soft_wrap=True)
    raise typer.Exit(worst)


@contextmanager
def _engine(console: Console, expert: str | None) -> Iterator[Analyzer]:
    """Load the engine, after installing its models if they are missing; exits when that fails."""
    from alive402.liveness import AnalysisError, Analyzer, model_files

    if expert is not None and expert not in model_files.experts():
        known = ", ".join(model_files.experts())
        console.print(f"alive402 analyze: there is no expert {expert}; known: {known}.", style="red", soft_wrap=True)
        raise typer.Exit(EXIT_USAGE)
    try:
        model_files.ensure(lambda sentence: console.print(sentence, style="dim"))
        analyzer = Analyzer(expert=expert)
    except AnalysisError as error:
        console.print(f"alive402 analyze: {error.message}", style="red", soft_wrap=True)
        raise typer.Exit(EXIT_UNUSABLE) from None
    yield analyzer


def _judge(analyzer: Analyzer, name: str, console: Console, private: bool) -> Analysis | ImageAnalysis | dict[str, Any]:
    """The analysis of a file or URL, or the error as `{code, message, details}`."""
    from alive402.intake import IntakeError
    from alive402.liveness import AnalysisError

    try:
        with _bar(console, name) as progress:
            if not name.startswith(("http://", "https://")):
                return _by_kind(analyzer, Path(name), progress)
            with tempfile.TemporaryDirectory(prefix="alive402-") as folder:
                video = Path(folder, "video")
                progress("fetching", 0.0)
                asyncio.run(_fetch(name, video, private))
                return _by_kind(analyzer, video, progress)
    except (AnalysisError, IntakeError) as error:
        return {"code": error.code, "message": error.message, "details": error.details}
    except FileNotFoundError:
        return {"code": "file_not_found", "message": "There is no such file.", "details": {}}
    except OSError as error:
        return {"code": "file_unreadable", "message": f"The file cannot be read: {error.strerror}.", "details": {}}


def _by_kind(analyzer: Analyzer, path: Path, progress: Progress) -> Analysis | ImageAnalysis:
    from alive402.liveness import is_image

    return analyzer.analyze_image(path) if is_image(path) else analyzer.analyze(path, progress)


async def _fetch(url: str, target: Path, private: bool) -> None:
    from alive402.intake import FetchLimits, fetch_file

    await fetch_file(url, target, FetchLimits(allow_private=private))


@contextmanager
def _bar(console: Console, name: str) -> Iterator[Progress]:
    """A progress bar on a terminal; nothing elsewhere."""
    from rich.progress import BarColumn, Progress, TextColumn

    if not console.is_terminal:
        yield lambda stage, share: None
        return
    columns = TextColumn("{task.description}", style="dim"), BarColumn(), TextColumn("{task.percentage:>3.0f} %")
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("opening", total=1.0)
        yield lambda stage, share: bar.update(task, description=f"{stage} {_short(name)}", completed=share)


def _say(name: str, report: Report | ImageReport, console: Console) -> None:
    """Print the verdict with its reasons."""
    from rich.markup import escape
    from rich.table import Table

    from alive402.liveness import ATTACK_WORDS, ImageReport

    colour = COLOURS[report.verdict]
    filled = round(report.live_confidence * BAR)
    console.print(f"[bold]{escape(name)}[/]", soft_wrap=True)
    console.print(
        f"  [{colour}]{report.verdict.upper():<13}[/] live confidence {report.live_confidence:.2f} "
        f"[{colour}]{'█' * filled}[/][dim]{'░' * (BAR - filled)}[/] threshold {report.threshold:.2f}"
    )
    if report.attack_type and report.verdict == "spoof":
        console.print(f"  attack        {ATTACK_WORDS[report.attack_type]}")
    for reason in report.reasons:
        console.print(f"  because       {reason.message}", soft_wrap=True)
    for warning in report.quality.warnings:
        console.print(f"  [yellow]note[/]          {warning.message}", soft_wrap=True)
    if isinstance(report, ImageReport):
        image = report.image
        console.print(
            f"    a single picture, {image.width} x {image.height} {image.format}: no cues; a video gives far "
            f"more evidence; judged in {report.timing['total']:.2f} s",
            style="dim",
            soft_wrap=True,
        )
        return
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for cue_name, cue in report.cues.items():
        value = "not measured" if cue.value is None else f"{cue.value:.3g}"
        # A cue that found nothing has no say; "+0.00" would look like a finding.
        score = f"{cue.score:+.2f}" if cue.score else ""
        table.add_row(f"    {cue_name}", score, value, f"normal {cue.normal[0]:g} to {cue.normal[1]:g}", style="dim")
    console.print(table)
    video = report.video
    console.print(
        f"    {video.width} x {video.height} {video.codec}, {video.seconds:.1f} s at {video.fps:.1f} fps; "
        f"judged in {report.timing['total']:.2f} s",
        style="dim",
    )


def _say_error(name: str, error: dict[str, Any], as_json: bool, console: Console) -> None:
    from rich.markup import escape

    if as_json:
        typer.echo(json.dumps({"input": name, "error": error}, ensure_ascii=False))
        return
    console.print(f"[bold]{escape(name)}[/]", soft_wrap=True)
    console.print(f"  [bold magenta]{'UNUSABLE':<13}[/] {escape(error['message'])} ({error['code']})", soft_wrap=True)


def _short(name: str) -> str:
    return name if len(name) <= 40 else "…" + name[-39:]
