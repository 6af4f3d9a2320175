"""Renders the agent guide and the discovery document, which links to everything else."""

from __future__ import annotations

from typing import Any

from alive402.catalog.entries import PAYMENT_FLOW, pricing
from alive402.catalog.service import ServiceDefinition
from alive402.catalog.site import SiteCatalog

PROTOCOL = "2026-07-28"
SIGNATURE_HEADER = "PAYMENT-SIGNATURE"
TOKEN_HEADER = "X-Payment-Token"
LANGUAGES = ("en", "zh")

ERRORS = {
    "400": "The body does not match the input schema: `details.problems` lists where.",
    "401": "The API key is unknown or revoked. Without a key, pay.",
    "402": "Payment is required, pending, expired or exhausted: look at `accepts` and `payment`.",
    "403": "The API key may not call this service, or a URL does not lead to the public internet.",
    "404": "No such payment, service or page.",
    "409": "The payment is in use (send it again after Retry-After) or belongs to another request.",
    "413": "The video, a picture or the request is too large.",
    "415": "The file is not a video or picture that can be read.",
    "422": "The video or picture cannot be judged: `message` says what to change.",
    "424": "The host of the video or picture did not deliver it, or was too slow.",
    "429": "Too many free failures or unpaid payments: wait for Retry-After.",
    "503": "Try again after Retry-After, with the same payment: do not sign again.",
    "504": "Judging took too long and was stopped. Not charged.",
}


def endpoints(site: SiteCatalog) -> dict[str, str]:
    """The URL of every API endpoint, by its name in discovery documents."""
    paths = {
        "catalogUrl": "/api/catalog",
        "searchUrl": "/api/catalog/search",
        "openapiUrl": "/openapi.json",
        "openaiFunctionsUrl": "/api/catalog/openai-functions.json",
        "servicesUrl": "/api/services",
        "agentGuideUrl": "/api/agent-guide",
        "apisJsonUrl": "/apis.json",
        "apiCatalogUrl": "/.well-known/api-catalog",
        "auditUrl": "/api/discovery/audit",
    }
    return {name: site.url(path) for name, path in paths.items()}


def agent_guide(site: SiteCatalog) -> dict[str, Any]:
    """The agent guide as JSON: how to find, pay for and call a service."""
    mcp = {"mcpUrl": site.url("/mcp")} if site.mcp else {}
    return {
        "schemaVersion": "server402.agent-guide.v1",
        "name": site.name,
        "purpose": site.purpose,
        "endpoints": {
            **endpoints(site),
            **mcp,
            "discoveryUrl": site.url("/.well-known/server402.json"),
            "createPaymentUrl": site.url("/api/payments"),
            "createUploadUrl": site.url("/api/uploads"),
            **({"createChallengeUrl": site.url("/api/challenges")} if site.challenges else {}),
        },
        "services": [
            {
                "id": service.id,
                "name": service.name,
                "toolName": service.tool_name,
                "descriptionForModel": service.description_for_model,
                "method": "POST",
                "endpoint": site.url(service.paths[0]),
                "exampleRequest": service.example_input,
                "pricing": pricing(service),
            }
            for service in site.services
        ],
        "workflow": workflow(site),
        "payment": payment(site),
        "errorHandling": ERRORS,
        "notes": notes(site),
    }


def workflow(site: SiteCatalog) -> list[str]:
    """The steps of a call, in order."""
    return [
        f"Choose a service: GET {site.url('/api/catalog/search')}?q=… or GET {site.url('/api/catalog')}.",
        "Read its `inputSchema` and make the request body.",
        *PAYMENT_FLOW,
    ]


def reference(service: ServiceDefinition, site: SiteCatalog) -> list[tuple[str, str]]:
    """The names, addresses and terms of a service, each with its title; code is in backticks."""
    terms = pricing(service)
    token = f"header `{TOKEN_HEADER}`" + (" or, over MCP, in the argument `paymentToken`" if site.mcp else "")
    found = [
        ("Also listed as", ", ".join(service.alternative_names)),
        ("Service id", f"`{service.id}`"),
        ("Legacy id", ", ".join(f"`{each}`" for each in service.aliases)),
        ("Endpoint", f"POST {site.url(service.paths[0])}"),
        ("Legacy endpoint", ", ".join(f"POST {site.url(path)}" for path in service.paths[1:])),
        ("MCP endpoint", f"{site.url('/mcp')} (streamable HTTP)" if site.mcp else ""),
        ("MCP tool", f"`{service.tool_name}`" if site.mcp else ""),
        ("Service page", site.url(service.page)),
        ("OpenAPI", site.url("/openapi.json")),
        ("Catalog search", f"{site.url('/api/catalog/search')}?q={service.id}"),
        ("Price", f"{service.price} an answer; failed calls are free"),
        ("Billing mode", f"`{terms['billingMode']}`"),
        ("Max calls per payment", f"`{terms['maxCalls']}`, or as many as `maxCalls` asks for"),
        ("Payment provider", f"`x402_facilitator`, id `{site.provider_id}`"),
        (
            "Payment hint",
            f'`POST /api/payments` with `serviceId="{service.id}"`, pay its `payUrl`, then send the returned token in '
            f"the {token}; or sign one of `accepts` of the 402 and send it in the header `{SIGNATURE_HEADER}`.",
        ),
        ("Category", f"`{service.category}`; tags: {', '.join(service.tags)}"),
        ("Keywords", ", ".join(service.keywords)),
    ]
    return [(title, words) for title, words in found if words]


def notes(site: SiteCatalog) -> list[str]:
    """Notes on what is easy to miss."""
    found = [
        "Only an answer is charged: `charged` in every error says so.",
        "The same payment with the same request gives the same answer again and is charged once.",
        "Every answer holds a signed receipt. Check it with the keys at " + site.url("/.well-known/jwks.json") + ".",
        "A video without a public URL: POST its bytes to "
        + site.url("/api/uploads")
        + " with the same payment, free; then call with the `url` from its answer.",
        "With `Prefer: respond-async` a call answers 202 and a job; `statusUrl` returns the answer.",
        "Buyers of x402 version 1 read the body of the 402 and pay with the X-PAYMENT header; those of version 2 read "
        "PAYMENT-REQUIRED.",
    ]
    if site.challenges:
        found.append(
            "To know that a video was filmed just now, for your question: POST "
            + site.url("/api/challenges")
            + " with the same payment, free; give its `captureUrl` to the person, GET its `statusUrl` until `state` is "
            "`filmed`, then call with `ChallengeId` and the `uploadUrl` as `VideoUrl`."
        )
    if site.test_money:
        found.append(
            "This site runs on its own test money: POST "
            + site.url("/devchain/faucet")
            + ' with {"address": "0x…"} gives you some. It has no value.'
        )
    return found


def discovery(site: SiteCatalog) -> dict[str, Any]:
    """`/.well-known/server402.json`."""
    mcp = {"transport": "streamable_http", "url": site.url("/mcp"), "protocolVersion": PROTOCOL}
    return {
        "schemaVersion": "server402.discovery.v1",
        "name": site.name,
        "description": site.purpose,
        "language": LANGUAGES[0],
        "audience": ["ai-agents", "mcp-clients", "openapi-importers", "applications", "developers"],
        "baseUrl": site.base,
        **endpoints(site),
        **({"mcp": mcp} if site.mcp else {}),
        "services": [
            {
                "id": service.id,
                "name": service.name,
                "endpoint": site.url(service.paths[0]),
                "pricing": pricing(service),
            }
            for service in site.services
        ],
        "payment": payment(site),
    }


def payment(site: SiteCatalog) -> dict[str, Any]:
    """How payment works, for a program."""
    return {
        "type": "http-402",
        "x402Version": 2,
        "paymentHeader": SIGNATURE_HEADER,
        "paymentTokenHeader": TOKEN_HEADER,
        "createPayment": site.url("/api/payments"),
        "verifyPayment": site.url("/api/payments/{paymentId}"),
        "payPayment": site.url("/api/payments/{paymentId}/pay"),
        "providers": [
            {
                "id": site.provider_id,
                "provider": "x402_facilitator",
                "serviceId": option.service_id,
                "scheme": option.scheme,
                "network": option.network,
                "asset": option.asset,
                "amount": option.amount,
                "payTo": option.pay_to,
            }
            for option in site.price_options
        ],
        "flow": {
            "steps": list(PAYMENT_FLOW),
            "bodySchema": {
                "type": "object",
                "properties": {
                    "serviceId": {"type": "string", "enum": [each for one in site.services for each in one.ids]},
                    "providerId": {"type": "string", "enum": [site.provider_id]},
                    "maxCalls": {"type": "integer", "minimum": 1},
                },
                "required": ["serviceId"],
            },
            "responseSchema": {"$ref": site.url("/openapi.json") + "#/components/schemas/Payment"},
        },
    }
