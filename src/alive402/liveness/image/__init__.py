"""The single picture: its analyzer, quality checks and report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.liveness.image.analyzer import ImageAnalysis, ImageJudge
    from alive402.liveness.image.report import ImageReport
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "analyzer": ["ImageAnalysis", "ImageJudge"],
            "report": ["ImageReport"],
        },
    )

__all__ = ["ImageAnalysis", "ImageJudge", "ImageReport"]
