"""The privacy page: what is kept of a visitor and a call, for how long, why, and how to erase it."""

from __future__ import annotations

from dataclasses import dataclass

from alive402.catalog import SiteCatalog
from alive402.web.site_pages import render


@dataclass(frozen=True, slots=True)
class Facts:
    """The settings that the page states. `failures_*` and `guesses_*` are rates such as `30/hour`."""

    answers_days: float
    call_log_days: float
    erase_seconds: float
    upload_seconds: float
    job_seconds: float
    ops_session_minutes: float
    failures_per_payer: str
    failures_per_address: str
    guesses_per_address: str
    webhooks: bool
    traces: bool


def page(facts: Facts, site: SiteCatalog) -> str:
    """The page as HTML."""
    return render("privacy.html", site, facts=facts, length=length)


def length(seconds: float) -> str:
    """A duration in words: in the largest unit in which it is a whole number."""
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds % size == 0:
            return f"{seconds // size:.0f} {unit}" + ("" if seconds == size else "s")
    return f"{seconds:g} seconds"
