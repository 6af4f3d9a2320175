"""`alive402 evaluate`: measures the engine on labelled files; writes scores, figures and a report page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from alive402.cli.terminal import EXIT_MISSING, bar, command_for, waiting

if TYPE_CHECKING:
    from rich.console import Console

    from alive402.lab import Rate, Score, Summary
    from alive402.lab.datasets import Presentation

EXIT_NOTHING = 3
EXIT_USAGE = 64
EXTRA = ("scipy", "matplotlib")
TRAINING = "train"


def evaluate(
    data: Annotated[Path, typer.Argument(metavar="MANIFEST.csv", help="A manifest, or a data set with --layout.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the results; created if missing.")],
    layout: Annotated[
        str,
        typer.Option(help="manifest, oulu-npu, replay-attack, casia-fasd, msu-mfsd, siw or celeba-spoof."),
    ] = "manifest",
    protocol: Annotated[str | None, typer.Option(help="A protocol of the data set, e.g. 1 or 3_2 of OULU-NPU.")] = None,
    threshold_from: Annotated[
        Path | None,
        typer.Option("--threshold-from", metavar="DEV.csv", help="Score file to choose the threshold on (its EER)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as one JSON object on stdout.")] = False,
) -> None:
    """Measure the engine: judge every labelled file and report by ISO/IEC 30107-3.

    Writes scores.csv (line by line, so that a stopped run resumes), metrics.json and report.html.
    A manifest is a CSV with the columns path, label (live or spoof), attack_type, subject, source and, if known, group
    (train, dev, test). With groups the threshold comes from dev, and only test is counted. A column challenge names the
    challenge that a clip has to answer, a file of `alive402 challenge new`.

    Exit code: 0, 3 when nothing could be judged, 64 usage.

    Examples:

      alive402 evaluate clips.csv --out results

      alive402 evaluate /data/OULU-NPU --layout oulu-npu --protocol 1 --out oulu-1

      alive402 evaluate mine.csv --out mine --threshold-from results/scores.csv
    """
    from rich.console import Console

    aloud = Console(stderr=True)
    _need_extra(aloud)
    from alive402.lab import datasets, page, scores, summary
    from alive402.lab import score_presentations as judge_all
    from alive402.liveness import AnalysisError, fusion, model_files

    try:
        wanted = _without_training(datasets.read(data, layout, protocol), aloud)
        dev = scores.read(threshold_from) if threshold_from else []
        out.mkdir(parents=True, exist_ok=True)
        with waiting(aloud) as say:
            model_files.ensure(say)
        with bar(aloud) as tell:
            lines = judge_all(wanted, out / "scores.csv", lambda done, total, one: tell(done, total, one.name[-40:]))
    except datasets.DatasetError as error:
        _stop(aloud, str(error), EXIT_USAGE)
    except OSError as error:
        _stop(aloud, f"{error.filename or out}: {error.strerror}.", EXIT_USAGE)
    except AnalysisError as error:
        _stop(aloud, error.message, EXIT_NOTHING)
    found = summary.summarise(lines, fusion.packaged().threshold, dev, threshold_from.name if threshold_from else "")
    figures = json.dumps({"data": data.name, "layout": layout, "protocol": protocol} | found.to_dict(), indent=2)
    (out / "metrics.json").write_text(figures + "\n", encoding="utf-8")
    (out / "report.html").write_text(page.render(found, f"{data.parent.name}/{data.name}".strip("/")), encoding="utf-8")
    if as_json:
        typer.echo(figures)
    else:
        _say(found, Console())
    aloud.print(f"Report: {out / 'report.html'}", soft_wrap=True)
    if not found.judged:
        _stop(aloud, _why_nothing(lines), EXIT_NOTHING)


def _need_extra(console: Console) -> None:
    from importlib.util import find_spec

    missing = [name for name in EXTRA if find_spec(name) is None]
    if missing:
        _stop(console, f"{' and '.join(missing)} not installed. Run: {command_for('lab')}", EXIT_MISSING)


def _stop(console: Console, message: str, code: int) -> NoReturn:
    console.print(f"alive402 evaluate: {message}", style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code) from None


def _without_training(found: list[Presentation], console: Console) -> list[Presentation]:
    """Leave out presentations of the group train, which do not measure the engine, unless there are no others."""
    others = [presentation for presentation in found if presentation.group != TRAINING]
    if others and len(others) < len(found):
        console.print(f"{len(found) - len(others)} presentations of the group train are left out.", style="dim")
    return others or found


def _why_nothing(lines: list[Score]) -> str:
    from collections import Counter

    codes = ", ".join(f"{code} ({count})" for code, count in Counter(line.code for line in lines).most_common())
    return f"nothing could be judged: {codes}."


def _say(found: Summary, console: Console) -> None:
    """Print the figures."""
    from rich.table import Table

    from alive402.lab import Rate, shown

    rates, worst = found.chosen.rates, found.chosen.rates.worst
    console.print(f"[bold]{len(found.lines)}[/] presentations, {len(found.sources)} sources, {found.judged} judged")
    console.print(f"threshold {rates.threshold:.3g}, {found.chosen.words}", markup=False, soft_wrap=True)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("", "errors", "rate", "95 % interval"):
        table.add_column(title, justify="right" if title in ("errors", "rate") else "left")

    def row(name: str, rate: Rate, style: str = "") -> None:
        if rate.trials:
            ends = f"{shown(rate.lower)} to {shown(rate.upper)}"
            table.add_row(name, f"{rate.errors} of {rate.trials}", shown(rate.value), ends, style=style)

    def figure(name: str, value: float, interval: tuple[float, float]) -> None:
        table.add_row(name, "", shown(value), f"{shown(interval[0])} to {shown(interval[1])}")

    for species, rate in rates.apcer.items():
        row(f"APCER {species}", rate, "bold" if worst and species == worst[0] else "")
    row("BPCER", rates.bpcer, "bold")
    figure("ACER", rates.acer.value, rates.acer.interval)
    if found.chosen.name == "dev":
        figure("HTER", rates.hter.value, rates.hter.interval)
    for at in found.bpcer_at:
        row(f"BPCER{at.inverse}", at.rate)
    figure("AUC", found.auc.value, found.auc.interval)
    if found.eer is not None:
        figure("EER", found.eer.hter.value, found.eer.hter.interval)
    row("inconclusive", found.inconclusive)
    row("no answer, bona fide", found.missing.bpnrr)
    for species, rate in found.missing.apnrr.items():
        if rate.errors:
            row(f"no answer, {species}", rate)
    for kind, counts in found.freshness.items():
        row(f"answered, {kind}", Rate(counts["answered"], counts.total()))
    console.print(table)
