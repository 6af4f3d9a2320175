"""Renders services as catalog entries and as tools for OpenAI's function calling."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from alive402.catalog.inputs import strict_schema
from alive402.catalog.quality import Quality, moment
from alive402.catalog.service import ServiceDefinition
from alive402.catalog.site import SiteCatalog

PAYMENT_FLOW = (
    "Call without payment: HTTP 402 states the price in `accepts`.",
    "Sign one of `accepts` and send the same request with the PAYMENT-SIGNATURE header; or make a payment with "
    "POST /api/payments, which returns its token at once, pay it at its `payUrl`, and send the request with the token "
    "in the X-Payment-Token header.",
    "HTTP 200 holds the answer. A call that fails is not charged, and the same payment may be sent again.",
)


def entry(service: ServiceDefinition, site: SiteCatalog, quality: Quality) -> dict[str, Any]:
    """One catalog entry, with every field that importers read."""
    return {
        "id": service.id,
        "canonicalId": service.id,
        "internalServiceId": service.legacy_id,
        "name": service.name,
        "displayName": service.name,
        "alternativeNames": list(service.alternative_names),
        "description": service.description,
        "descriptionForModel": service.description_for_model,
        "category": service.category,
        "keywords": list(service.keywords),
        "useCases": list(service.use_cases),
        "limitations": list(service.limitations),
        "tags": list(service.tags),
        "method": "POST",
        "endpoint": site.url(service.paths[0]),
        "legacyEndpoint": site.url(service.paths[service.ids.index(service.legacy_id)]),
        "endpointAliases": [site.url(path) for path in service.paths[1:]],
        "inputTypes": list(service.input_types),
        "outputTypes": list(service.output_types),
        "inputSchema": service.input_schema,
        "outputSchema": service.output_schema,
        "exampleRequest": service.example_input,
        "exampleResponse": service.example_output,
        "pricing": pricing(service),
        "payment": {"providerId": site.provider_id, "provider": "x402_facilitator"},
        "quality": quality.to_dict(),
        "discovery": {
            "toolName": service.tool_name,
            "searchText": search_text(service),
            "paymentFlow": list(PAYMENT_FLOW),
            "page": site.url(service.page),
            "llmsTxt": site.url(f"{service.page}/llms.txt"),
        },
    }


def pricing(service: ServiceDefinition) -> dict[str, Any]:
    """The price of a call and what it includes."""
    return {
        "amountCents": service.price_cents,
        "currency": "USD",
        "price": service.price,
        "policyId": f"{service.id}-per-answer",
        "settleMode": "after_answer",
        "billingMode": "per_call",
        "maxCalls": 1,
        "allowReuse": False,
        "bindClient": True,
    }


def search_text(service: ServiceDefinition) -> str:
    """All texts of a service in one line."""
    return " ".join(
        (
            *service.ids,
            service.name,
            *service.alternative_names,
            service.description,
            *service.keywords,
            *service.tags,
            *service.use_cases,
        )
    )


def catalog(site: SiteCatalog, qualities: dict[str, Quality]) -> dict[str, Any]:
    """All services; `qualities` by service id."""
    return {
        "schemaVersion": "server402.catalog.v1",
        "generatedAt": now(),
        "total": len(site.services),
        "services": [entry(service, site, qualities[service.id]) for service in site.services],
    }


def openai_functions(site: SiteCatalog) -> dict[str, Any]:
    """Every service as a tool for OpenAI's function calling; `x-server402` holds the address of the call."""
    return {
        "schemaVersion": "server402.openai-functions.v1",
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": service.tool_name,
                    "description": f"{service.description} {service.description_for_model} Price: {service.price}.",
                    "parameters": strict_schema(service.input_schema),
                    "strict": True,
                },
                "x-server402": {
                    "serviceId": service.id,
                    "name": service.name,
                    "method": "POST",
                    "url": site.url(service.paths[0]),
                    "pricing": pricing(service),
                },
            }
            for service in site.services
        ],
    }


def now() -> str:
    """The current time, for a document rendered on request."""
    return str(moment(datetime.now(UTC)))
