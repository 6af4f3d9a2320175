"""Renders indexes for crawlers and API directories: apis.json, RFC 9727's api-catalog, the sitemap."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from alive402.catalog.shop import Shop


def apis_json(shop: Shop) -> dict[str, Any]:
    """`/apis.json` (apisjson.org, 0.19)."""
    return {
        "name": shop.name,
        "description": shop.purpose,
        "url": shop.url("/apis.json"),
        "specificationVersion": "0.19",
        "type": "Index",
        "tags": sorted({tag for service in shop.services for tag in service.tags}),
        "apis": [
            {
                "aid": f"{shop.name}:{service.id}",
                "name": service.name,
                "description": f"{service.description} {service.price} an answer.",
                "humanURL": shop.url(service.page),
                "baseURL": shop.url(service.paths[0]),
                "tags": list(service.tags),
                "properties": [
                    {"type": "OpenAPI", "url": shop.url("/openapi.json")},
                    {"type": "Documentation", "url": shop.url(f"{service.page}/llms.txt")},
                    {"type": "Pricing", "url": shop.url("/api/catalog")},
                ],
            }
            for service in shop.services
        ],
    }


def api_catalog(shop: Shop) -> dict[str, Any]:
    """`/.well-known/api-catalog`: RFC 9727, a linkset as RFC 9264 writes it."""
    return {
        "linkset": [
            {
                "anchor": shop.url("/.well-known/api-catalog"),
                "item": [
                    {"href": shop.url(service.paths[0]), "title": f"{service.name}, {service.price} an answer"}
                    for service in shop.services
                ],
            },
            *[
                {
                    "anchor": shop.url(service.paths[0]),
                    "service-desc": [{"href": shop.url("/openapi.json"), "type": "application/json"}],
                    "service-doc": [
                        {"href": shop.url(service.page), "type": "text/html", "title": service.name},
                        {"href": shop.url(f"{service.page}/llms.txt"), "type": "text/plain"},
                    ],
                    "service-meta": [
                        {"href": shop.url("/.well-known/server402.json"), "type": "application/json"},
                        {"href": shop.url("/api/agent-guide"), "type": "application/json"},
                    ],
                    "status": [{"href": shop.url("/readyz"), "type": "application/json"}],
                }
                for service in shop.services
            ],
        ]
    }


def sitemap_xml(shop: Shop) -> str:
    """`/sitemap.xml`: the pages for search engines."""
    paths = ["/", "/llms.txt", "/ai.txt", "/privacy"]
    for service in shop.services:
        paths += [service.page, f"{service.page}/llms.txt"]
    urls = "".join(f"  <url><loc>{escape(shop.url(path))}</loc></url>\n" for path in paths)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{urls}</urlset>\n'
    )
