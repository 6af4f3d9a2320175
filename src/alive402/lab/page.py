"""Renders an evaluation as one self-contained page: headline, species, sources, curves, errors, non-responses."""

from __future__ import annotations

from collections.abc import Callable

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from alive402.lab import plots
from alive402.lab.metrics import Scored
from alive402.lab.rates import shown
from alive402.lab.scores import scored
from alive402.lab.summary import Summary
from alive402.liveness import AnalysisError

MOST_LISTED = 500


def render(summary: Summary, name: str) -> str:
    """The page as HTML; it loads no other resource and holds no picture of a face.

    Args:
        summary: the figures.
        name: name of the data set, for the title.
    """
    environment = Environment(
        loader=PackageLoader("alive402.lab"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["shown"] = shown
    table, threshold = scored(summary.lines), summary.chosen.rates.threshold
    drawings: list[tuple[str, str, Callable[[Scored, float], str]]] = [
        ("Detection error trade-off", "One line per PAI species; closer to the lower left is better.", plots.det),
        ("Receiver operating characteristic", "All attacks together; closer to the upper left is better.", plots.roc),
        ("Scores", "Scores on the wrong side of the broken line are errors.", plots.histogram),
    ]
    drawn = [(title, words, Markup(draw(table, threshold))) for title, words, draw in drawings if summary.judged]
    return environment.get_template("report.html").render(
        name=name,
        summary=summary,
        plots=drawn,
        meanings=_meanings(),
        most=MOST_LISTED,
    )


def _meanings() -> dict[str, str]:
    """The message of each non-response code, from the error classes."""
    found, left = {}, [AnalysisError]
    while left:
        kind = left.pop()
        found[kind.code] = kind.default
        left += kind.__subclasses__()
    return found | {"file_unreadable": "The file could not be opened."}
