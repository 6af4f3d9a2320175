"""The operator's page: charts and tables of the summary of `GET /api/ops/summary`, and the sign-in form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from alive402.calls import CallKind
from alive402.catalog import SiteCatalog
from alive402.operations import Span
from alive402.web import drawings
from alive402.web.site_pages import render

# Lowest layer of each bar first: answers, then refusals that are no fault of the service, then its faults.
KINDS = (
    CallKind.ANSWERED, CallKind.REPEATED, CallKind.UNPAID, CallKind.REFUSED, CallKind.UNUSABLE, CallKind.FAULT,
)  # fmt: skip
VERDICTS = ("live", "inconclusive", "spoof")
INCOME = ("income", "refunded")
_DECIMALS = 1_000_000
SPAN_WORDS = {Span.DAY: "24 hours", Span.WEEK: "7 days", Span.QUARTER: "90 days"}


def page(summary: Mapping[str, Any], site: SiteCatalog, *, session: bool) -> str:
    """The page as HTML; `summary` is the summary as JSON, `session` whether there is a session to sign out of."""
    intervals = summary["calls"]["intervals"]
    names = [_name(each["begins"], summary["range"]) for each in intervals]
    verdicts = sorted({*VERDICTS, *(verdict for each in intervals for verdict in each["verdicts"])}, key=_verdict_place)
    kinds = [str(kind) for kind in KINDS]
    return render(
        "ops.html",
        site,
        summary=summary,
        session=session,
        spans=[(str(span), SPAN_WORDS[span]) for span in Span],
        size=drawings.BARS,
        plots=[
            _plot("Calls", "calls", names, [each["kinds"] for each in intervals], kinds),
            _plot("Verdicts", "verdicts", names, [each["verdicts"] for each in intervals], verdicts),
            *_income_plots(summary["income"]),
        ],
        usd=usd,
        per_cent=per_cent,
    )


def sign_in(site: SiteCatalog, problem: str | None) -> str:
    """The sign-in form; `problem` says why the last key was refused."""
    return render("ops_sign_in.html", site, problem=problem)


def usd(atomic: int) -> str:
    """Atomic units of a dollar token in words."""
    return f"USD {atomic / _DECIMALS:,.2f}"


def per_cent(part: int, whole: int) -> str:
    """A share in words; a dash when there is nothing to share."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


def _income_plots(income: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One chart per token: dollars of different tokens are not added."""
    tokens = sorted({(each["network"], each["asset"]) for each in income})
    plots: list[dict[str, Any]] = []
    for network, asset in tokens:
        days = [each for each in income if (each["network"], each["asset"]) == (network, asset)]
        amounts = [{name: each[name] / _DECIMALS for name in INCOME} for each in days]
        title = f"Income by day, USD, on {network}" + (f", token {asset}" if len(tokens) > 1 else "")
        plots.append(_plot(title, f"income{len(plots)}", [each["day"] for each in days], amounts, list(INCOME)))
    return plots


def _plot(title: str, name: str, rows: list[str], amounts: list[dict[str, float]], layers: list[str]) -> dict[str, Any]:
    drawing: Markup = drawings.bars(list(zip(rows, amounts, strict=True)), layers)
    table = [(row, [f"{each.get(layer, 0):g}" for layer in layers]) for row, each in zip(rows, amounts, strict=True)]
    return {"title": title, "name": name, "layers": layers, "drawing": drawing, "table": table}


def _name(begins: str, span: str) -> str:
    return f"{begins[:10]} {begins[11:16]}" if span == Span.DAY else begins[:10]


def _verdict_place(verdict: str) -> tuple[int, str]:
    return (VERDICTS.index(verdict) if verdict in VERDICTS else len(VERDICTS), verdict)
