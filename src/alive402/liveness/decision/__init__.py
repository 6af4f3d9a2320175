"""The decision: quality checks, fusion of the evidence, cuts and stretches, version of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.liveness.decision import continuity, cuts, fusion, quality, segments
    from alive402.liveness.decision.identity import engine_identity
    from alive402.liveness.decision.quality import (
        BLURREST,
        BRIGHTEST,
        DARKEST,
        GOOD_BRIGHT,
        GOOD_DARK,
        GOOD_FACE_SCORE,
        GOOD_INSIDE,
        GOOD_REACH,
        GOOD_SHARP,
        GOOD_WIDTH,
        LEAST_FACE_SCORE,
        LEAST_INSIDE,
        LEAST_WIDTH,
        unlit,
    )
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "identity": ["engine_identity"],
            "quality": [
                "BLURREST",
                "BRIGHTEST",
                "DARKEST",
                "GOOD_BRIGHT",
                "GOOD_DARK",
                "GOOD_FACE_SCORE",
                "GOOD_INSIDE",
                "GOOD_REACH",
                "GOOD_SHARP",
                "GOOD_WIDTH",
                "LEAST_FACE_SCORE",
                "LEAST_INSIDE",
                "LEAST_WIDTH",
                "unlit",
            ],
        },
    )

__all__ = [
    "BLURREST",
    "BRIGHTEST",
    "DARKEST",
    "GOOD_BRIGHT",
    "GOOD_DARK",
    "GOOD_FACE_SCORE",
    "GOOD_INSIDE",
    "GOOD_REACH",
    "GOOD_SHARP",
    "GOOD_WIDTH",
    "LEAST_FACE_SCORE",
    "LEAST_INSIDE",
    "LEAST_WIDTH",
    "continuity",
    "cuts",
    "engine_identity",
    "fusion",
    "quality",
    "segments",
    "unlit",
]
