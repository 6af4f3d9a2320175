"""All surfaces (documents) of the site by path: title, the facts that each must state, and its renderer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from alive402.catalog import guides, indexes, texts
from alive402.catalog.entries import openai_functions
from alive402.catalog.service import ServiceDefinition
from alive402.catalog.site import SiteCatalog

JSON = "application/json"
TEXT = "text/plain"
HTML = "text/html"
LINKSET = "application/linkset+json"
XML = "application/xml"

ID, NAME, WORDS, PRICE = "id", "name", "description", "price"
EVERYTHING = frozenset({ID, NAME, WORDS, PRICE})
Fact = str


@dataclass(frozen=True, slots=True)
class Surface:
    """One document at `path`; `says` names the facts of each service that it must contain.

    `render` makes it from the site catalog alone; None where a route must add data (quality, routes, a page).
    """

    path: str
    title: str
    media_type: str
    says: frozenset[Fact]
    render: Callable[[SiteCatalog], dict[str, Any] | str] | None = None


SITE = (
    Surface("/", "Home page", HTML, EVERYTHING),
    Surface("/api/catalog", "All services", JSON, EVERYTHING),
    Surface("/api/services", "All services", JSON, EVERYTHING),
    Surface("/api/catalog/search", "Services that match a query", JSON, EVERYTHING),
    Surface("/openapi.json", "OpenAPI 3.1", JSON, EVERYTHING),
    Surface("/api/catalog/openapi.json", "OpenAPI 3.1", JSON, EVERYTHING),
    Surface("/api/catalog/openai-functions.json", "OpenAI functions", JSON, EVERYTHING, openai_functions),
    Surface("/api/agent-guide", "Guide for agents", JSON, EVERYTHING, guides.agent_guide),
    Surface("/.well-known/server402.json", "Index of all endpoints", JSON, EVERYTHING, guides.discovery),
    Surface("/llms.txt", "Guide for models", TEXT, EVERYTHING, texts.llms_txt),
    Surface("/ai.txt", "Rules for agents", TEXT, EVERYTHING, texts.ai_txt),
    Surface("/apis.json", "APIs.json index", JSON, EVERYTHING, indexes.apis_json),
    Surface("/.well-known/api-catalog", "RFC 9727 catalog", LINKSET, frozenset({ID, NAME, PRICE}), indexes.api_catalog),
    Surface("/.well-known/x402", "Paid operations", JSON, frozenset({ID, NAME, PRICE}), indexes.x402_index),
    Surface("/sitemap.xml", "Sitemap", XML, frozenset({ID}), indexes.sitemap_xml),
    Surface("/robots.txt", "Rules for crawlers", TEXT, frozenset(), texts.robots_txt),
    Surface("/accuracy", "How often answers are wrong", HTML, frozenset()),
    Surface("/privacy", "Stored data, and how to erase it", HTML, frozenset()),
)


def surfaces_of(service: ServiceDefinition) -> tuple[Surface, ...]:
    """The two documents of one service."""
    return (
        Surface(service.page, service.name, HTML, EVERYTHING),
        Surface(f"{service.page}/llms.txt", f"{service.name}: guide for models", TEXT, EVERYTHING),
    )


def facts_of(service: ServiceDefinition, says: frozenset[Fact]) -> dict[Fact, str]:
    """The texts that a surface must contain for one service."""
    facts = {ID: service.id, NAME: service.name, WORDS: service.description, PRICE: service.price}
    return {fact: words for fact, words in facts.items() if fact in says}
