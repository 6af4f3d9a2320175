"""Draws the chart of a run: refused people and accepted attacks under each condition, with exact intervals."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from alive402.lab import Rate
from benchmarks.judging.figures import Figures, Tally

WIDTH, ROW, EDGE = 11.0, 0.21, 1.3
"""Inches: width of the chart, height of a row, margin above and below the rows."""
PERSON, ATTACK, SOFT, GRID = "#1c6e8c", "#b3401f", "#5c5c5c", "#e4e4e4"
DPI = 130
COLOURS = 64


def draw(figures: Figures, path: Path) -> None:
    """Write the chart; the path's suffix chooses its format (PNG or SVG)."""
    rows = _rows(figures)
    height = ROW * len(rows) + EDGE
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    control = figures.control
    titles = "people refused", "attacks called live"
    for axes, title, colour, side in ((left, titles[0], PERSON, 1), (right, titles[1], ATTACK, 2)):
        _frame(axes, title, len(rows))
        if control is not None:
            share = (control.people if side == 1 else control.attacks).rate.value
            axes.axvline(share, color=SOFT, ls=":", lw=1)
        for place, row in enumerate(rows):
            tally = row[side]
            if isinstance(tally, Tally) and tally.clips:
                _dot(axes, place, tally, colour)
    left.set_yticks(range(len(rows)), [str(row[0]) for row in rows], fontsize=8)
    for label, row in zip(left.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if row[1] is None and row[2] is None else "normal")
    counts = f"{control.people.clips} people, {control.attacks.clips} attacks. " if control else ""
    figure.suptitle(
        f"{counts}Dot: wrong (spoof for a person, live for an attack), with its exact 95 % interval.\n"
        "Ring: wrong, inconclusive or not judged. Dotted line: as they are.",
        fontsize=9,
        color=SOFT,
    )
    figure.savefig(path, dpi=DPI)
    if path.suffix == ".png":
        with Image.open(path) as chart:  # A quarter of the size, without the note of the program that drew it.
            small = chart.convert("RGB").quantize(COLOURS)
        small.save(path, optimize=True)


def _rows(figures: Figures) -> list[tuple[str, Tally | None, Tally | None]]:
    """Name, people and attacks of each row; a group's heading has neither."""
    rows: list[tuple[str, Tally | None, Tally | None]] = []
    group = ""
    for line in figures.lines:
        if line.group not in (group, "control"):
            rows.append((line.group, None, None))
        group = line.group
        rows.append((line.name, line.people, line.attacks))
    kinds = {"attack": "made attacks", "splice": "spliced"}
    for kind, title in kinds.items():
        mine = [line for line in figures.attacks if line.kind == kind]
        if mine:
            rows.append((title, None, None))
            rows += [(line.name, None, line.tally) for line in mine]
    return rows


def _frame(axes: Axes, title: str, rows: int) -> None:
    axes.set_title(title, fontsize=10, loc="left")
    axes.set(xlim=(-0.02, 1.02), ylim=(rows - 0.4, -0.6))
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25 %", "50 %", "75 %", "100 %"], fontsize=8)
    axes.grid(axis="x", color=GRID)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _dot(axes: Axes, place: int, tally: Tally, colour: str) -> None:
    rate: Rate = tally.rate
    low, high = rate.interval()
    axes.plot([low, high], [place, place], color=colour, lw=1.3, alpha=0.55, solid_capstyle="round")
    axes.plot([tally.not_right.value], [place], "o", mfc="none", mec=colour, ms=6.5, mew=0.9)
    axes.plot([rate.value], [place], "o", color=colour, ms=3.8)
