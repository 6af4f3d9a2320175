"""HTML pages: templates and their rendering."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.web import accuracy_page, film_page, liveness_answer, ops_page, privacy_page, site_pages
    from alive402.web.assets import load_assets
    from alive402.web.report_page import render_report
    from alive402.web.samples import SAMPLE_FILES, finished_answer, samples_folder, shown_samples
    from alive402.web.site_pages import Renderer, ShownReport
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "assets": ["load_assets"],
            "report_page": ["render_report"],
            "samples": ["SAMPLE_FILES", "finished_answer", "samples_folder", "shown_samples"],
            "site_pages": ["Renderer", "ShownReport"],
        },
    )

__all__ = [
    "SAMPLE_FILES",
    "Renderer",
    "ShownReport",
    "accuracy_page",
    "film_page",
    "finished_answer",
    "liveness_answer",
    "load_assets",
    "ops_page",
    "privacy_page",
    "render_report",
    "samples_folder",
    "shown_samples",
    "site_pages",
]
