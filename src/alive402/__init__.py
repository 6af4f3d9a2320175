"""alive402: was this face filmed from life, or re-filmed? `from alive402 import analyze, Report`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402 import version
from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.client import AsyncClient, Client
    from alive402.library import (
        Outcome,
        analyze,
        analyze_async,
        analyze_image,
        analyze_image_async,
        analyze_many,
        analyze_many_async,
        to_pandas,
        to_rows,
    )
    from alive402.liveness import (
        AnalysisError,
        Analyzer,
        Challenge,
        ChallengeOptions,
        Freshness,
        ImageReport,
        Report,
        UnusableVideo,
    )
else:
    # On first use: `alive402 --help` and the paying server need none of the engine's libraries.
    __getattr__ = lazy_names(
        __name__,
        {
            "client": ["AsyncClient", "Client"],
            "library": [
                "Outcome",
                "analyze",
                "analyze_async",
                "analyze_image",
                "analyze_image_async",
                "analyze_many",
                "analyze_many_async",
                "to_pandas",
                "to_rows",
            ],
            "liveness": [
                "AnalysisError",
                "Analyzer",
                "Challenge",
                "ChallengeOptions",
                "Freshness",
                "ImageReport",
                "Report",
                "UnusableVideo",
            ],
        },
    )

__version__ = version.VERSION


def __dir__() -> list[str]:
    """The public names, though most are loaded on first use."""
    return sorted({*globals(), *__all__})


__all__ = [
    "AnalysisError",
    "Analyzer",
    "AsyncClient",
    "Challenge",
    "ChallengeOptions",
    "Client",
    "Freshness",
    "ImageReport",
    "Outcome",
    "Report",
    "UnusableVideo",
    "__version__",
    "analyze",
    "analyze_async",
    "analyze_image",
    "analyze_image_async",
    "analyze_many",
    "analyze_many_async",
    "to_pandas",
    "to_rows",
]
