"""Search: finds services by words and ranks them by fit, measured quality and price."""

from __future__ import annotations

from typing import Any

from alive402.catalog.entries import entry, now
from alive402.catalog.quality import Quality
from alive402.catalog.service import ServiceDefinition
from alive402.catalog.site import SiteCatalog
from alive402.catalog.synonyms import meant_by, words_of

DEFAULT_RESULTS = 10
MAX_RESULTS = 50
MAX_QUERY = 500
TEXT, QUALITY, PRICE = 0.85, 0.10, 0.05
# A word in a name counts more than the same word in a sentence.
_FIELDS = (("name", 1.0), ("keywords", 0.8), ("tags", 0.6), ("description", 0.5), ("uses", 0.4))
# A synonym counts less than the word itself.
_SYNONYM = 0.7


def search_services(
    site: SiteCatalog, qualities: dict[str, Quality], query: str, limit: int = DEFAULT_RESULTS
) -> dict[str, Any]:
    """The services that fit `query`, best first; all of them for an empty one. `qualities` by service id."""
    wanted = words_of(query[:MAX_QUERY])
    worths = {service.id: _worths(service) for service in site.services}
    known = frozenset(word for each in worths.values() for word in each)
    expanded = meant_by(wanted, known)
    ranked = _ranked(site.services, qualities, wanted, worths)
    return {
        "schemaVersion": "server402.catalog.search.v1",
        "generatedAt": now(),
        "query": query,
        "expandedTerms": expanded,
        "filters": {"limit": limit},
        "total": len(ranked),
        "services": [
            {**entry(service, site, qualities[service.id]), "score": round(score, 4)}
            for score, service in ranked[:limit]
        ],
    }


def _ranked(
    services: tuple[ServiceDefinition, ...],
    qualities: dict[str, Quality],
    wanted: list[str],
    worths: dict[str, dict[str, float]],
) -> list[tuple[float, ServiceDefinition]]:
    cheapest = min((service.price_atomic for service in services), default=0)
    found = []
    for service in services:
        text = _fit(wanted, worths[service.id])
        if wanted and text == 0:
            continue
        measured = qualities[service.id].score
        # A service without a measured score counts as 0.5.
        worth = TEXT * text + QUALITY * (0.5 if measured is None else measured)
        found.append((worth + PRICE * cheapest / service.price_atomic, service))
    return sorted(found, key=lambda each: (-each[0], each[1].id))


def _fit(wanted: list[str], worths: dict[str, float]) -> float:
    """0 to 1: how much of the query the service covers, each word by its best place or its best synonym."""
    if not wanted:
        return 0.0
    known = frozenset(worths)
    total = 0.0
    for word in wanted:
        own = worths.get(word, 0.0)
        alike = max((worths.get(each, 0.0) for each in meant_by([word], known)), default=0.0)
        total += max(own, _SYNONYM * alike)
    return total / len(wanted)


def _worths(service: ServiceDefinition) -> dict[str, float]:
    """Weight of each word of the service, by the best place in which it occurs."""
    places = {
        "name": (*service.ids, service.name),
        "keywords": (*service.keywords, *service.alternative_names, service.tool_name.replace("_", " ")),
        "tags": (service.category, *service.tags),
        "description": (service.description, service.description_for_model),
        "uses": service.use_cases,
    }
    worths: dict[str, float] = {}
    for place, worth in _FIELDS:
        for text in places[place]:
            for word in words_of(text):
                worths[word] = max(worth, worths.get(word, 0.0))
    return worths
