"""Renders indexes for crawlers and API directories: apis.json, RFC 9727's api-catalog, the sitemap."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from alive402.catalog.site import SiteCatalog


def apis_json(site: SiteCatalog) -> dict[str, Any]:
    """`/apis.json` (apisjson.org, 0.19)."""
    return {
        "name": site.name,
        "description": site.purpose,
        "url": site.url("/apis.json"),
        "specificationVersion": "0.19",
        "type": "Index",
        "tags": sorted({tag for service in site.services for tag in service.tags}),
        "apis": [
            {
                "aid": f"{site.name}:{service.id}",
                "name": service.name,
                "description": f"{service.description} {service.price} an answer.",
                "humanURL": site.url(service.page),
                "baseURL": site.url(service.paths[0]),
                "tags": list(service.tags),
                "properties": [
                    {"type": "OpenAPI", "url": site.url("/openapi.json")},
                    {"type": "Documentation", "url": site.url(f"{service.page}/llms.txt")},
                    {"type": "Pricing", "url": site.url("/api/catalog")},
                ],
            }
            for service in site.services
        ],
    }


def x402_index(site: SiteCatalog) -> dict[str, Any]:
    """`/.well-known/x402`: the paid operations, as agentcash and x402scan read them."""
    return {
        "version": 1,
        "resources": [f"POST {site.url(service.paths[0])}" for service in site.services],
        "instructions": f"Prices, schemas and the ways to pay are in {site.url('/openapi.json')}. "
        + " ".join(f"{service.name}: {service.price} an answer." for service in site.services),
    }


def api_catalog(site: SiteCatalog) -> dict[str, Any]:
    """`/.well-known/api-catalog`: RFC 9727, a linkset as RFC 9264 writes it."""
    return {
        "linkset": [
            {
                "anchor": site.url("/.well-known/api-catalog"),
                "item": [
                    {"href": site.url(service.paths[0]), "title": f"{service.name}, {service.price} an answer"}
                    for service in site.services
                ],
            },
            *[
                {
                    "anchor": site.url(service.paths[0]),
                    "service-desc": [{"href": site.url("/openapi.json"), "type": "application/json"}],
                    "service-doc": [
                        {"href": site.url(service.page), "type": "text/html", "title": service.name},
                        {"href": site.url(f"{service.page}/llms.txt"), "type": "text/plain"},
                    ],
                    "service-meta": [
                        {"href": site.url("/.well-known/server402.json"), "type": "application/json"},
                        {"href": site.url("/api/agent-guide"), "type": "application/json"},
                    ],
                    "status": [{"href": site.url("/readyz"), "type": "application/json"}],
                }
                for service in site.services
            ],
        ]
    }


def sitemap_xml(site: SiteCatalog) -> str:
    """`/sitemap.xml`: the pages for search engines."""
    paths = ["/", "/llms.txt", "/ai.txt", "/privacy"]
    for service in site.services:
        paths += [service.page, f"{service.page}/llms.txt"]
    urls = "".join(f"  <url><loc>{escape(site.url(path))}</loc></url>\n" for path in paths)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{urls}</urlset>\n'
    )
