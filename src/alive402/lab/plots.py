"""Plots DET, ROC and histogram as inline SVG, with real text and the colours of the page."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import ndtri

from alive402.lab.metrics import Floats, Scored, curve

SIZE = (5.6, 4.4)
BINS = 40
LEAST = 0.002
DET_TICKS = (0.002, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95)
DASHES = ("-", "--", "-.", ":")
MANY = 8

# Placeholder colours; each is replaced by a colour of the page's style sheet.
INK, GRID, LIVE, SPOOF = "#010203", "#010204", "#010205", "#010206"
PAGE = {INK: "var(--soft)", GRID: "var(--edge)", LIVE: "var(--live)", SPOOF: "var(--spoof)"}
LINES = {f"#0102{10 + place:02d}": f"var(--line{place})" for place in range(MANY)}
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 12,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GRID,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": GRID,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}


def det(scored: Scored, threshold: float) -> str:
    """Detection error trade-off on normal deviates: BPCER against APCER, one line per PAI species; dot: threshold."""
    with rc_context(STYLE | {"svg.hashsalt": "det"}):
        figure, axes = _figure("APCER, attacks accepted", "BPCER, bona fide refused")
        for place, (name, attacks) in enumerate(_judged(scored).items()):
            accepted, refused = curve(scored.live, attacks, _thresholds(scored.live, attacks))
            colour, dash = list(LINES)[place % MANY], DASHES[place // MANY % len(DASHES)]
            axes.plot(_deviate(accepted), _deviate(refused), color=colour, ls=dash, label=f"{name} ({len(attacks)})")
            at, over = curve(scored.live, attacks, np.array([threshold]))
            axes.plot(_deviate(at), _deviate(over), "o", color=colour, ms=6, clip_on=False)
        places = _deviate(np.array(DET_TICKS))
        labels = [f"{100 * tick:g} %" for tick in DET_TICKS]
        axes.set_xticks(places, labels, rotation=45)
        axes.set_yticks(places, labels)
        axes.set(xlim=(places[0], places[-1]), ylim=(places[0], places[-1]))
        _legend(axes)
        return _svg(figure, "DET curve: BPCER against APCER for each PAI species")


def roc(scored: Scored, threshold: float) -> str:
    """Bona fide accepted against attacks accepted, all attacks together; the dot: the threshold."""
    with rc_context(STYLE | {"svg.hashsalt": "roc"}):
        figure, axes = _figure("attacks accepted", "bona fide accepted")
        axes.plot([0, 1], [0, 1], color=GRID, ls="--")
        accepted, refused = curve(scored.live, scored.pooled, _thresholds(scored.live, scored.pooled))
        axes.plot(accepted, 1 - refused, color=next(iter(LINES)), label="all attacks")
        at, over = curve(scored.live, scored.pooled, np.array([threshold]))
        axes.plot(at, 1 - over, "o", color=next(iter(LINES)), ms=6, clip_on=False, label=f"threshold {threshold:.3g}")
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
        _legend(axes)
        return _svg(figure, "ROC curve: bona fide accepted against attacks accepted")


def histogram(scored: Scored, threshold: float) -> str:
    """Share of the presentations by score, bona fide and attacks; the broken line: the threshold."""
    with rc_context(STYLE | {"svg.hashsalt": "histogram"}):
        figure, axes = _figure("score (live confidence)", "share of the presentations")
        live, attacks = scored.live, scored.pooled
        both = np.concatenate([live, attacks])
        edges = np.linspace(min(0.0, both.min(initial=0.0)), max(1.0, both.max(initial=1.0)), BINS + 1)
        for name, scores, colour in (("bona fide", live, LIVE), ("attacks", attacks, SPOOF)):
            weights = np.full(len(scores), 1 / max(len(scores), 1))
            axes.hist(
                scores, edges.tolist(), weights=weights, color=colour, alpha=0.65, label=f"{name} ({len(scores)})"
            )
        axes.axvline(threshold, color=INK, ls="--", lw=1.4)
        axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
        _legend(axes)
        return _svg(figure, "Histogram of the scores of bona fide presentations and of attacks")


def _figure(across: str, up: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.add_subplot()
    axes.set(xlabel=across, ylabel=up)
    return figure, axes


def _judged(scored: Scored) -> dict[str, Floats]:
    return {name: scores for name, scores in scored.attacks.items() if len(scores)}


def _thresholds(live: Floats, attacks: Floats) -> Floats:
    """The thresholds of a step curve: every score, and one beyond the last."""
    levels = np.unique(np.concatenate([live, attacks]))
    return np.append(levels, np.inf)


def _deviate(shares: Floats) -> Floats:
    """Normal deviates, clipped where the number of presentations gives no more resolution."""
    return np.asarray(ndtri(np.clip(shares, LEAST, 1 - LEAST)), np.float64)


def _legend(axes: Axes) -> None:
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc="best", fontsize=11)


def _svg(figure: Figure, title: str) -> str:
    """The figure as an <svg> element for an HTML page, without file header, fixed size or fixed colours."""
    figure.patch.set_visible(False)
    for axes in figure.axes:
        axes.patch.set_visible(False)
    target = io.StringIO()
    figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = target.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'\s+xmlns(:\w+)?="[^"]*"', "", text)
    text = re.sub(
        r'<svg[^>]*?viewBox="([^"]+)"[^>]*>',
        rf'<svg class="plot" viewBox="\1" role="img" aria-label="{title}">',
        text,
        count=1,
    )
    for colour, variable in (PAGE | LINES).items():
        text = text.replace(colour, variable)
    return text.strip()
