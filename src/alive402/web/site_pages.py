"""The site's HTML pages: home, one service, a finished answer. They load nothing from other hosts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup

from alive402.catalog import SITE, Quality, ServiceDefinition, SiteCatalog, moment, notes, reference, workflow
from alive402.payments.x402.schemes import network_title
from alive402.providers import MAX_IMAGES_BYTES
from alive402.receipts import KeptAnswer
from alive402.web.assets import load_assets
from alive402.web.environment import environment
from alive402.web.examples import examples
from alive402.web.samples import ShownSample

TEST_NETWORK = "this service's own test chain"
# Every accepted token is a dollar token of six decimals.
_DECIMALS = 1_000_000
_NOTHING = Markup("")


@dataclass(frozen=True, slots=True)
class ShownReport:
    """A service's report as HTML, for the page of a finished answer.

    Attributes:
        verdict: one word; the page's style goes by it.
        body: everything above the receipt.
        facts: further lines of the receipt, `div` elements with `dt` and `dd`.
    """

    verdict: str
    body: Markup
    facts: Markup = _NOTHING


Renderer = Callable[[dict[str, Any]], ShownReport]
"""Makes HTML of a service's report."""


@dataclass(frozen=True, slots=True)
class ShownPayment:
    """A payment made ahead, for its page: `amount` in atomic units, `until` in ISO 8601, `path` where it is paid."""

    service: ServiceDefinition
    status: str
    amount: int
    max_calls: int
    until: str
    path: str


_STATUSES = {
    "pending": ("Pay ahead", ""),
    "paid": ("This payment is paid", "Nothing is left to do here. Your assistant or program goes on by itself."),
    "expired": ("This payment has expired", "It can no longer be paid. Ask for a new one; nothing was taken."),
    "refunded": ("This payment was refunded", "The money went back to the wallet that paid."),
}


def home(
    site: SiteCatalog,
    qualities: dict[str, Quality],
    query: str,
    found: Sequence[str] | None,
    finished: ShownReport | None = None,
) -> str:
    """The home page as HTML; `found` are the ids of the services that match `query`, None for all.

    `finished` is a finished answer to show, None for none.
    """
    services = site.services if found is None else [service for each in found if (service := site.find(each))]
    return render(
        "home.html",
        site,
        services=services,
        every=site.services,
        qualities=qualities,
        query=query,
        searched=found is not None,
        finished=finished if found is None else None,
        surfaces=[surface for surface in SITE if surface.path != "/"],
        steps=workflow(site),
    )


def service_page(
    service: ServiceDefinition,
    site: SiteCatalog,
    quality: Quality,
    max_bytes: int,
    try_template: str | None,
    samples: Sequence[ShownSample] = (),
    *,
    measured: bool = False,
) -> str:
    """One service as HTML, with the form of `try_template` to try it; an upload has at most `max_bytes`.

    `measured`: the page of accuracy has its curves.
    """
    return render(
        "service.html",
        site,
        service=service,
        quality=quality,
        checked=moment(quality.checked_at),
        try_template=try_template,
        max_bytes=min(max_bytes, MAX_IMAGES_BYTES) if "image" in service.input_types else max_bytes,
        others=[each for each in site.services if each.id != service.id],
        samples=samples,
        measured=measured,
        networks=_networks(site),
        examples=examples(service, site),
        steps=workflow(site)[2:],
        notes=notes(site),
        reference=reference(service, site),
        schemas=(
            ("What goes in", _pretty(service.input_schema), _pretty(service.example_input)),
            ("What comes out", _pretty(service.output_schema), _pretty(service.example_output)),
        ),
    )


def report(kept: KeptAnswer, site: SiteCatalog, shown: ShownReport | None) -> str:
    """A finished answer as HTML; only its receipt where nothing is known of its service."""
    return render(
        "kept_report.html",
        site,
        kept=kept,
        service=site.find(kept.service_id),
        shown=shown or ShownReport("", _NOTHING),
        paid=_paid(kept.receipt, site),
    )


def payment(site: SiteCatalog, shown: ShownPayment) -> str:
    """The page where a person pays a payment made ahead, or reads that it is paid or over."""
    title, sentence = _STATUSES.get(shown.status, _STATUSES["paid"])
    many = f"{shown.max_calls} calls" if shown.max_calls > 1 else "One call"
    return render(
        "pay.html",
        site,
        title=title,
        sentence=sentence,
        payable=shown.status == "pending",
        service=shown.service,
        calls=many,
        amount=f"USD {shown.amount / _DECIMALS:.2f}",
        until=shown.until,
        path=shown.path,
        networks=_networks(site),
    )


def capture(site: SiteCatalog, challenge: str, kept: str, *, waits: bool) -> str:
    """The page where a person films the answer to a challenge, if it `waits`; otherwise it says that the clip is there.

    `kept` says in words for how long a clip is kept that is not judged.
    """
    return render("capture.html", site, challenge=challenge, kept=kept, waits=waits)


def missing(title: str, sentence: str, site: SiteCatalog, facts: str = "") -> str:
    """The page for what does not exist, was deleted or cannot be shown; `facts` are the code and the request."""
    return render("missing.html", site, title=title, sentence=sentence, facts=facts)


def _paid(receipt: dict[str, Any], site: SiteCatalog) -> dict[str, str] | None:
    if not receipt.get("transaction"):
        return None
    network = _networks(site).get(receipt["network"], receipt["network"])
    amount = receipt.get("amount")
    return {
        "amount": f"USD {int(amount) / _DECIMALS:.2f}" if amount else "",
        "network": network,
        "transaction": receipt["transaction"],
        "payer": receipt.get("payer", ""),
    }


def _networks(site: SiteCatalog) -> dict[str, str]:
    """The networks in which payment is accepted, in words."""
    if site.test_money:
        return {option.network: TEST_NETWORK for option in site.price_options}
    return {option.network: network_title(option.network) for option in site.price_options}


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def render(template: str, site: SiteCatalog, **facts: object) -> str:
    """Render a template with `site`, the path of the static files, and the page's own facts."""
    # Behind a proxy the site may have a path prefix; files and calls stay on the browser's origin.
    root = urlsplit(site.base).path
    static = f"{root}/static/{load_assets().version}"
    return environment().get_template(template).render(site=site, root=root, static=static, **facts)
