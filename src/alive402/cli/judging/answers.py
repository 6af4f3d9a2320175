"""The answers of `alive402 analyze` on standard output: in full, as a table, as JSON lines, as CSV."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from alive402.liveness import Freshness, ImageReport, Report

VERDICTS = ("live", "spoof", "inconclusive")
UNUSABLE = "unusable"
EXIT = {"live": 0, "spoof": 1, "inconclusive": 2}
"""Exit code of a command that judges, by verdict."""
EXIT_UNUSABLE = 3
COLOURS = {"live": "bold green", "spoof": "bold red", "inconclusive": "bold yellow", UNUSABLE: "bold magenta"}
BAR = 24
WIDEST_NAME = 48
CSV_COLUMNS = (
    "input",
    "verdict",
    "live_confidence",
    "threshold",
    "attack_type",
    "reasons",
    "face_confidence",
    "sha256",
    "seconds",
    "code",
    "message",
)


@dataclass(slots=True)
class Totals:
    """How many inputs had which verdict, and which errors."""

    verdicts: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def any(self) -> bool:
        """Whether anything was counted."""
        return bool(self.verdicts or self.errors)

    def line(self) -> str:
        """The totals in one line: `3 files: 2 live, 1 unusable (no_face 1)`."""
        counted = [f"{self.verdicts[verdict]} {verdict}" for verdict in VERDICTS if self.verdicts[verdict]]
        if self.errors:
            codes = ", ".join(f"{code} {count}" for code, count in self.errors.most_common())
            counted.append(f"{self.errors.total()} {UNUSABLE} ({codes})")
        every = self.verdicts.total() + self.errors.total()
        return f"{every} file{'' if every == 1 else 's'}: {', '.join(counted) or 'none'}"


class Printer:
    """Prints each answer as it comes, and the totals at the end; `totals` counts in every form."""

    def __init__(self) -> None:
        self.totals = Totals()

    def answer(self, name: str, report: Report | ImageReport) -> None:
        """Print the report of one input."""
        self.totals.verdicts[report.verdict] += 1

    def error(self, name: str, error: dict[str, Any]) -> None:
        """Print why one input was not judged: `{code, message, details}`."""
        self.totals.errors[error["code"]] += 1

    def end(self) -> None:
        """Print what follows the last answer."""


class JsonLines(Printer):
    """One JSON object a line and input."""

    def answer(self, name: str, report: Report | ImageReport) -> None:
        super().answer(name, report)
        _echo(json.dumps({"input": name} | report.to_dict(), ensure_ascii=False))

    def error(self, name: str, error: dict[str, Any]) -> None:
        super().error(name, error)
        _echo(json.dumps({"input": name, "error": error}, ensure_ascii=False))


class Csv(Printer):
    """CSV with a header line, one line an input."""

    def __init__(self) -> None:
        super().__init__()
        self._lines = csv.DictWriter(sys.stdout, CSV_COLUMNS, lineterminator="\n")
        self._lines.writeheader()

    def answer(self, name: str, report: Report | ImageReport) -> None:
        super().answer(name, report)
        whole = report.to_dict()
        media = whole.get("video") or whole["image"]
        self._write(
            {key: whole[key] for key in ("verdict", "live_confidence", "threshold", "attack_type")}
            | {
                "input": name,
                "reasons": " ".join(reason.code for reason in report.reasons),
                "face_confidence": whole["faces"][0]["face_confidence"],
                "sha256": media["sha256"],
                "seconds": whole["timing"]["total"],
            }
        )

    def error(self, name: str, error: dict[str, Any]) -> None:
        super().error(name, error)
        self._write({"input": name, "code": error["code"], "message": error["message"]})

    def _write(self, row: dict[str, Any]) -> None:
        self._lines.writerow(row)
        sys.stdout.flush()


class Table(Printer):
    """One line a file, and the totals."""

    def __init__(self, console: Console, names: Sequence[str]) -> None:
        super().__init__()
        self._console = console
        self._width = min(max((len(_shortened(name)) for name in names), default=4), WIDEST_NAME)
        self._begun = False

    def answer(self, name: str, report: Report | ImageReport) -> None:
        from alive402.liveness import ATTACK_WORDS

        super().answer(name, report)
        why = ATTACK_WORDS[report.attack_type] if report.attack_type else ""
        if report.verdict == "inconclusive":
            why = report.reasons[0].message.partition(". ")[0]
        self._row(report.verdict, f"{report.live_confidence:.2f}", name, why)

    def error(self, name: str, error: dict[str, Any]) -> None:
        super().error(name, error)
        self._row(UNUSABLE, "", name, f"{error['message']} ({error['code']})")

    def end(self) -> None:
        if self.totals.any:
            self._console.print(self.totals.line(), style="bold", soft_wrap=True, markup=False)

    def _row(self, verdict: str, confidence: str, name: str, why: str) -> None:
        from rich.text import Text

        if not self._begun:
            self._begun = True
            head = f"{'VERDICT':<13} {'LIVE':>4}  {'FILE':<{self._width}}  WHY"
            self._console.print(head, style="dim", soft_wrap=True, markup=False)
        line = Text(f"{verdict.upper():<13}", COLOURS[verdict])
        line.append(f" {confidence:>4}  {_shortened(name):<{self._width}}  {why}".rstrip(), "default")
        self._console.print(line, soft_wrap=True)


class InFull(Printer):
    """The verdict with all its evidence; for several inputs the totals too."""

    def __init__(self, console: Console, *, several: bool) -> None:
        super().__init__()
        self._console, self._several = console, several

    def error(self, name: str, error: dict[str, Any]) -> None:
        from rich.markup import escape

        super().error(name, error)
        self._console.print(f"[bold]{escape(name)}[/]", soft_wrap=True)
        said = f"{escape(error['message'])} ({error['code']})"
        self._console.print(f"  [{COLOURS[UNUSABLE]}]{'UNUSABLE':<13}[/] {said}", soft_wrap=True)

    def end(self) -> None:
        if self._several and self.totals.any:
            self._console.print(self.totals.line(), style="bold", soft_wrap=True, markup=False)

    def answer(self, name: str, report: Report | ImageReport) -> None:
        from rich.markup import escape

        from alive402.liveness import ATTACK_WORDS, ImageReport

        super().answer(name, report)
        console, colour = self._console, COLOURS[report.verdict]
        filled = round(report.live_confidence * BAR)
        console.print(f"[bold]{escape(name)}[/]", soft_wrap=True)
        console.print(
            f"  [{colour}]{report.verdict.upper():<13}[/] live confidence {report.live_confidence:.2f} "
            f"[{colour}]{'█' * filled}[/][dim]{'░' * (BAR - filled)}[/] threshold {report.threshold:.2f}",
            soft_wrap=True,
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
        if report.freshness is not None:
            self._freshness(report.freshness)
        self._cues(report)

    def _freshness(self, freshness: Freshness) -> None:
        from rich.table import Table as Columns

        table = Columns(box=None, padding=(0, 2, 0, 0), show_header=False)
        for step in freshness.steps:
            found = "" if step.found_at is None else f"found at {step.found_at:.1f} s"
            value = "" if step.value is None else f"{step.value:.3g} of {step.threshold:g} {step.unit}"
            table.add_row(f"    {step.kind.replace('_', ' ')}", f"at {step.at:.1f} s", step.status, found, value)
        self._console.print(f"  challenge     {freshness.status.replace('_', ' ')}, {freshness.bits:g} bits")
        self._console.print(table)
        if not freshness.fitted:
            said = "thresholds are not fitted on people who were asked to move"
            self._console.print(f"    {said}", style="dim", soft_wrap=True)

    def _cues(self, report: Report) -> None:
        from rich.table import Table as Columns

        table = Columns(box=None, padding=(0, 2, 0, 0), show_header=False)
        for cue_name, cue in report.cues.items():
            value = "not measured" if cue.value is None else f"{cue.value:.3g}"
            # A cue that found nothing has no say; "+0.00" would look like a finding.
            score = f"{cue.score:+.2f}" if cue.score else ""
            normal = f"normal {cue.normal[0]:g} to {cue.normal[1]:g}"
            table.add_row(f"    {cue_name}", score, value, normal, style="dim")
        self._console.print(table)
        video = report.video
        self._console.print(
            f"    {video.width} x {video.height} {video.codec}, {video.seconds:.1f} s at {video.fps:.1f} fps; "
            f"judged in {report.timing['total']:.2f} s",
            style="dim",
        )


def _shortened(name: str) -> str:
    return name if len(name) <= WIDEST_NAME else "…" + name[1 - WIDEST_NAME :]


def _echo(line: str) -> None:
    import typer

    typer.echo(line)
