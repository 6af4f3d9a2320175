"""alive402: was this face filmed from life, or re-filmed? `from alive402 import analyze, Report`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alive402 import version

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

__version__ = version.VERSION
_OF_LIBRARY = (
    "Outcome",
    "analyze",
    "analyze_async",
    "analyze_image",
    "analyze_image_async",
    "analyze_many",
    "analyze_many_async",
    "to_pandas",
    "to_rows",
)
_OF_LIVENESS = (
    "AnalysisError",
    "Analyzer",
    "Challenge",
    "ChallengeOptions",
    "Freshness",
    "ImageReport",
    "Report",
    "UnusableVideo",
)
_CLIENTS = ("AsyncClient", "Client")


def __getattr__(name: str) -> Any:
    """Load the engine on first use only: `alive402 --help` and the paying server need none of its libraries."""
    if name in _OF_LIBRARY:
        from alive402 import library

        return getattr(library, name)
    if name in _OF_LIVENESS:
        from alive402 import liveness

        return getattr(liveness, name)
    if name in _CLIENTS:
        from alive402 import client

        return getattr(client, name)
    raise AttributeError(f"module 'alive402' has no attribute {name!r}")


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
