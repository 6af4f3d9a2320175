"""The pages of the site for people: what is sold, and one service in detail; they load nothing from elsewhere."""

from __future__ import annotations

import functools
import json

from jinja2 import Environment, PackageLoader, StrictUndefined

from alive402.catalog import ServiceDefinition, Shop
from alive402.catalog.guides import notes, workflow
from alive402.catalog.surfaces import SITE


def home(shop: Shop) -> str:
    """The site's root as HTML."""
    surfaces = [surface for surface in SITE if surface.path != "/"]
    return _environment().get_template("home.html").render(shop=shop, surfaces=surfaces, steps=workflow(shop))


def service_page(service: ServiceDefinition, shop: Shop) -> str:
    """One service as HTML."""
    return (
        _environment()
        .get_template("service.html")
        .render(
            service=service,
            shop=shop,
            steps=workflow(shop)[2:],
            notes=notes(shop),
            body=json.dumps(service.example_input),
            answer=json.dumps(service.example_output, indent=2, ensure_ascii=False),
        )
    )


@functools.cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("alive402.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
