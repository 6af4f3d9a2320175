"""The Python library: judges files, URLs, bytes, file objects and arrays of frames; many of them; tables of answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.library.judging import (
        Outcome,
        analyze,
        analyze_async,
        analyze_image,
        analyze_image_async,
        analyze_many,
        analyze_many_async,
    )
    from alive402.library.sources import Source
    from alive402.library.tables import to_pandas, to_rows
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "judging": [
                "Outcome",
                "analyze",
                "analyze_async",
                "analyze_image",
                "analyze_image_async",
                "analyze_many",
                "analyze_many_async",
            ],
            "sources": ["Source"],
            "tables": ["to_pandas", "to_rows"],
        },
    )

__all__ = [
    "Outcome",
    "Source",
    "analyze",
    "analyze_async",
    "analyze_image",
    "analyze_image_async",
    "analyze_many",
    "analyze_many_async",
    "to_pandas",
    "to_rows",
]
