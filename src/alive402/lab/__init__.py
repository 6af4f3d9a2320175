"""Measures the engine on labelled clips, by ISO/IEC 30107-3. Imports `liveness` only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.lab import page, scores, summary
    from alive402.lab.challenges import ChallengeFit, fit_presentations
    from alive402.lab.evaluate import score_presentations
    from alive402.lab.rates import Rate, shown
    from alive402.lab.scores import Score
    from alive402.lab.summary import Summary
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "challenges": ["ChallengeFit", "fit_presentations"],
            "evaluate": ["score_presentations"],
            "rates": ["Rate", "shown"],
            "scores": ["Score"],
            "summary": ["Summary"],
        },
    )

__all__ = [
    "ChallengeFit",
    "Rate",
    "Score",
    "Summary",
    "fit_presentations",
    "page",
    "score_presentations",
    "scores",
    "shown",
    "summary",
]
