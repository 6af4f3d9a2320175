"""Batch: judges a whole data set on this machine or a cluster, each row once; resumes after a stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.batch import cluster, local, results, rows
    from alive402.batch.journal import Journal
    from alive402.batch.rows import BatchRefused, Row
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "journal": ["Journal"],
            "rows": ["BatchRefused", "Row"],
        },
    )

__all__ = ["BatchRefused", "Journal", "Row", "cluster", "local", "results", "rows"]
