"""The liveness engine: was this face filmed from life? Knows no HTTP, no money, no settings object.

Errors and reports are imported at once; the engine and its libraries (decoder, networks) on first use, so that a
process that only forwards answers stays small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alive402.liveness.errors import AnalysisError, AnalysisFailed, ModelsMissing, UnusableVideo
from alive402.liveness.image.report import ImageReport
from alive402.liveness.report import Cue, Face, FrameScore, Quality, Reason, Report

if TYPE_CHECKING:
    from alive402.liveness.analyzer import Analysis, Analyzer, analyze, analyze_image
    from alive402.liveness.image.analyzer import ImageAnalysis
    from alive402.liveness.media.container import Limits

_ENGINE = {
    "Analysis": "alive402.liveness.analyzer",
    "Analyzer": "alive402.liveness.analyzer",
    "analyze": "alive402.liveness.analyzer",
    "analyze_image": "alive402.liveness.analyzer",
    "ImageAnalysis": "alive402.liveness.image.analyzer",
    "Limits": "alive402.liveness.media.container",
}


def __getattr__(name: str) -> Any:
    if name in _ENGINE:
        from importlib import import_module

        return getattr(import_module(_ENGINE[name]), name)
    raise AttributeError(f"module 'alive402.liveness' has no attribute {name!r}")


__all__ = [
    "Analysis",
    "AnalysisError",
    "AnalysisFailed",
    "Analyzer",
    "Cue",
    "Face",
    "FrameScore",
    "ImageAnalysis",
    "ImageReport",
    "Limits",
    "ModelsMissing",
    "Quality",
    "Reason",
    "Report",
    "UnusableVideo",
    "analyze",
    "analyze_image",
]
