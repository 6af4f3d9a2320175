"""The catalog: service definitions, and the documents rendered from them."""

from __future__ import annotations

from alive402.catalog.answers import body_of
from alive402.catalog.entries import catalog, now
from alive402.catalog.guides import notes, reference, workflow
from alive402.catalog.image_liveness import IMAGE_LIVENESS
from alive402.catalog.inputs import (
    CHALLENGE_BIND,
    CHALLENGE_ID,
    CHALLENGE_INPUTS,
    InvalidInput,
    problems_in,
    strict_schema,
    without_absent,
    without_challenges,
)
from alive402.catalog.quality import Health, Quality, moment
from alive402.catalog.search import DEFAULT_RESULTS, MAX_QUERY, MAX_RESULTS, search_services
from alive402.catalog.service import ServiceDefinition
from alive402.catalog.site import PriceOption, SiteCatalog
from alive402.catalog.surfaces import HTML, JSON, LINKSET, SITE, TEXT, Surface, facts_of, surfaces_of
from alive402.catalog.texts import service_llms_txt
from alive402.catalog.video_liveness import LIVENESS

__all__ = [
    "CHALLENGE_BIND",
    "CHALLENGE_ID",
    "CHALLENGE_INPUTS",
    "DEFAULT_RESULTS",
    "HTML",
    "IMAGE_LIVENESS",
    "JSON",
    "LINKSET",
    "LIVENESS",
    "MAX_QUERY",
    "MAX_RESULTS",
    "SITE",
    "TEXT",
    "Health",
    "InvalidInput",
    "PriceOption",
    "Quality",
    "ServiceDefinition",
    "SiteCatalog",
    "Surface",
    "body_of",
    "catalog",
    "facts_of",
    "moment",
    "notes",
    "now",
    "problems_in",
    "reference",
    "search_services",
    "service_llms_txt",
    "strict_schema",
    "surfaces_of",
    "without_absent",
    "without_challenges",
    "workflow",
]
