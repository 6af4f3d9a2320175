"""alive402: was this face filmed from life, or re-filmed? `from alive402 import analyze, Report`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alive402 import version

if TYPE_CHECKING:
    from alive402.client import AsyncClient, Client
    from alive402.liveness import AnalysisError, Analyzer, ImageReport, Report, UnusableVideo, analyze, analyze_image

__version__ = version.VERSION
_PUBLIC = ("AnalysisError", "Analyzer", "ImageReport", "Report", "UnusableVideo", "analyze", "analyze_image")
_CLIENTS = ("AsyncClient", "Client")


def __getattr__(name: str) -> Any:
    """Load the engine on first use only: `alive402 --help` and the paying server need none of its libraries."""
    if name in _PUBLIC:
        from alive402 import liveness

        return getattr(liveness, name)
    if name in _CLIENTS:
        from alive402 import client

        return getattr(client, name)
    raise AttributeError(f"module 'alive402' has no attribute {name!r}")


__all__ = [
    "AnalysisError",
    "Analyzer",
    "AsyncClient",
    "Client",
    "ImageReport",
    "Report",
    "UnusableVideo",
    "__version__",
    "analyze",
    "analyze_image",
]
