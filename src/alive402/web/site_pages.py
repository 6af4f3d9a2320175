"""The site's HTML pages: home, one service, a finished answer. They load nothing from other hosts."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from alive402.catalog import Quality, ServiceDefinition, SiteCatalog
from alive402.catalog.guides import notes, workflow
from alive402.catalog.quality import moment
from alive402.catalog.surfaces import SITE
from alive402.liveness.report import ATTACK_WORDS
from alive402.receipts.reports import KeptAnswer
from alive402.web import drawings
from alive402.web.assets import assets
from alive402.web.examples import examples

NETWORK_WORDS = {"eip155:8453": "Base", "eip155:84532": "Base Sepolia"}
TEST_NETWORK = "this service's own test chain"
# Every accepted token is a dollar token of six decimals.
_DECIMALS = 1_000_000
_CODE = re.compile(r"`([^`]+)`")
_URL = r"(https?://[^\s<>&]*[^\s<>&.,;:])"
_LOOKED_AT = re.compile(rf"(GET |at ){_URL}")
_SENT_TO = re.compile(rf"(POST |to ){_URL}")


def home(site: SiteCatalog, qualities: dict[str, Quality], query: str, found: Sequence[str] | None) -> str:
    """The home page as HTML; `found` are the ids of the services that match `query`, None for all."""
    services = site.services if found is None else [service for each in found if (service := site.find(each))]
    return render(
        "home.html",
        site,
        services=services,
        every=site.services,
        qualities=qualities,
        query=query,
        searched=found is not None,
        surfaces=[surface for surface in SITE if surface.path != "/"],
        steps=workflow(site),
    )


def service_page(service: ServiceDefinition, site: SiteCatalog, quality: Quality, max_bytes: int) -> str:
    """The page of one service as HTML, with "Try it" where the input is a video of at most `max_bytes`."""
    return render(
        "service.html",
        site,
        service=service,
        quality=quality,
        checked=moment(quality.checked_at),
        tryable="VideoUrl" in service.input_schema["properties"],
        max_bytes=max_bytes,
        networks=_networks(site),
        examples=examples(service, site),
        steps=workflow(site)[2:],
        notes=notes(site),
        schemas=(
            ("What goes in", _pretty(service.input_schema), _pretty(service.example_input)),
            ("What comes out", _pretty(service.output_schema), _pretty(service.example_output)),
        ),
    )


def report(kept: KeptAnswer, site: SiteCatalog) -> str:
    """A finished answer as HTML, without pictures and without the video."""
    said: dict[str, Any] = kept.data.get("Liveness") or {}
    frames = said.get("frames") or []
    points = [(frame["time"], frame["live_confidence"]) for frame in frames]
    cues = [
        (name, cue, drawings.bar(cue["value"], (cue["normal"][0], cue["normal"][1])))
        for name, cue in (said.get("cues") or {}).items()
    ]
    kind = said.get("attack_type")
    return render(
        "kept_report.html",
        site,
        kept=kept,
        service=site.find(kept.service_id),
        said=said,
        attack=ATTACK_WORDS.get(kind, kind) if kind else None,
        curve=drawings.curve(points, said["threshold"]) if points else None,
        curve_size=drawings.CURVE,
        track=drawings.CUE_TRACK,
        cues=cues,
        reasons=said.get("reasons") or [],
        warnings=(said.get("quality") or {}).get("warnings") or [],
        images=said.get("images") or [],
        video=said.get("video"),
        engine=said.get("engine"),
        seconds=(said.get("timing") or {}).get("total"),
        paid=_paid(kept.receipt, site),
    )


def missing(sentence: str, site: SiteCatalog) -> str:
    """The page for a report that does not exist or was deleted."""
    return render("missing.html", site, sentence=sentence)


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
    return {option.network: NETWORK_WORDS.get(option.network, option.network) for option in site.price_options}


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def render(template: str, site: SiteCatalog, **facts: object) -> str:
    """Render a template with `site`, the path of the static files, and the page's own facts."""
    # Behind a proxy the site may have a path prefix; files and calls stay on the browser's origin.
    root = urlsplit(site.base).path
    static = f"{root}/static/{assets().version}"
    return _environment().get_template(template).render(site=site, root=root, static=static, **facts)


def _marked(sentence: str) -> Markup:
    """A sentence of the catalog as HTML: `code` and URLs are marked up; only URLs for GET become links."""
    text = str(escape(sentence))
    text = _LOOKED_AT.sub(r'\1<a href="\2">\2</a>', text)
    text = _SENT_TO.sub(r"\1<code>\2</code>", text)
    return Markup(_CODE.sub(r"<code>\1</code>", text))


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("alive402.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["marked"] = _marked
    return environment
