"""Renders plain-text documents: llms.txt of the site and of a service, ai.txt, robots.txt."""

from __future__ import annotations

import json

from alive402.catalog.guides import ERRORS, notes, reference, workflow
from alive402.catalog.service import ServiceDefinition
from alive402.catalog.site import SiteCatalog


def llms_txt(site: SiteCatalog) -> str:
    """`/llms.txt` in the form of llmstxt.org: a title, a summary, lists of links."""
    lines = [f"# {site.name}", "", f"> {site.purpose}", "", "How to use it:", ""]
    lines += [f"{number}. {step}" for number, step in enumerate(workflow(site), 1)]
    lines += ["", *_listed(notes(site)), "", "## Services", ""]
    for service in site.services:
        where = site.url(f"{service.page}/llms.txt")
        also = f" Also listed as: {', '.join(service.alternative_names)}." if service.alternative_names else ""
        about = f"`{service.id}`, {service.price} an answer. {service.description}{also}"
        lines.append(f"- [{service.name}]({where}): {about}")
    lines += ["", "## For programs", ""]
    lines += [
        f"- [{title}]({site.url(path)}): {says}"
        for title, path, says in (
            ("Agent guide", "/api/agent-guide", "this page as JSON"),
            ("Catalog", "/api/catalog", "every service with schemas, price and measured quality"),
            ("Search", "/api/catalog/search", "the same, by `q` and `limit`"),
            ("OpenAPI", "/openapi.json", "every route, OpenAPI 3.1"),
            ("OpenAI functions", "/api/catalog/openai-functions.json", "tool definitions"),
            ("Discovery", "/.well-known/server402.json", "every address in one document"),
        )
    ]
    if site.mcp:
        lines.append(f"- [MCP]({site.url('/mcp')}): streamable HTTP; the argument `paymentToken` or x402 `_meta` pays")
    return "\n".join(lines) + "\n"


def service_llms_txt(service: ServiceDefinition, site: SiteCatalog) -> str:
    """`/services/{id}/llms.txt` in the form of llmstxt.org: how a model uses one service, then links."""
    lines = [
        f"# {service.name}",
        "",
        f"> {service.description}",
        "",
        service.description_for_model,
        "",
        *[f"- {title}: {words}" for title, words in reference(service, site)],
        "",
        "**Request**",
        "",
        *_json(service.input_schema),
        "",
        "Example:",
        "",
        *_json(service.example_input),
        "",
        "**Answer**",
        "",
        *_json(service.output_schema),
        "",
        "Example:",
        "",
        *_json(service.example_output),
        "",
        "**What it is for**",
        "",
        *_listed(service.use_cases),
        "",
        "**What it does not do**",
        "",
        *_listed(service.limitations),
        "",
        "**Paying**",
        "",
        *[f"{number}. {step}" for number, step in enumerate(workflow(site)[2:], 1)],
        "",
        *_listed(notes(site)),
        "",
        "**Errors**",
        "",
        *[f"- {status}: {what}" for status, what in ERRORS.items()],
        "",
        # Last, because parsers of llms.txt expect nothing but links below a heading.
        "## Links",
        "",
        *_service_links(service, site),
    ]
    return "\n".join(lines) + "\n"


def _service_links(service: ServiceDefinition, site: SiteCatalog) -> list[str]:
    links = [
        ("Call", service.paths[0], f"POST; {service.price} an answer, 402 says how to pay"),
        ("Payments", "/api/payments", f"POST `{json.dumps({'serviceId': service.id})}` for a `paymentToken`"),
        *([("MCP", "/mcp", f"streamable HTTP; tool `{service.tool_name}`")] if site.mcp else []),
        ("Page", service.page, "this service, for people"),
        ("OpenAPI", "/openapi.json", "every route, OpenAPI 3.1"),
        ("All services", "/llms.txt", "the guide of the site"),
    ]
    return [f"- [{title}]({site.url(path)}): {says}" for title, path, says in links]


def ai_txt(site: SiteCatalog) -> str:
    """`/ai.txt`: what agents may do on the site, and where to begin."""
    lines = [
        f"# {site.name}: {site.purpose}",
        "# Agents are welcome here: every service is called over HTTP and paid per answer (x402).",
        "",
        "User-Agent: *",
        "Allow: /",
        "",
        f"Guide: {site.url('/api/agent-guide')}",
        f"LLMs: {site.url('/llms.txt')}",
        f"Discovery: {site.url('/.well-known/server402.json')}",
        f"Catalog: {site.url('/api/catalog')}",
        f"OpenAPI: {site.url('/openapi.json')}",
    ]
    if site.mcp:
        lines.append(f"MCP: {site.url('/mcp')}")
    for service in site.services:
        lines += [
            "",
            f"Service: {service.id}",
            f"Name: {service.name}",
            f"Endpoint: POST {site.url(service.paths[0])}",
            f"Price: {service.price}",
        ]
    return "\n".join(lines) + "\n"


def robots_txt(site: SiteCatalog) -> str:
    """`/robots.txt`: allows every descriptive document; disallows paths that cost money or create data."""
    return "\n".join(
        (
            "User-agent: *",
            "Allow: /",
            "Disallow: /api/tools/",
            "Disallow: /api/payments",
            "Disallow: /devchain/",
            "",
            f"Sitemap: {site.url('/sitemap.xml')}",
            "",
        )
    )


def _listed(sentences: tuple[str, ...] | list[str]) -> list[str]:
    return [f"- {sentence}" for sentence in sentences]


def _json(value: object) -> list[str]:
    return ["```json", json.dumps(value, ensure_ascii=False, indent=2), "```"]
