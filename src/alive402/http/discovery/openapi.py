"""OpenAPI 3.1 of the actual routes: the framework's document, with corrections that the framework cannot know."""

from __future__ import annotations

import copy
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse

from alive402.calls import PaidCalls, ServiceRegistry
from alive402.catalog import InvalidInput, SiteCatalog
from alive402.http.core import COMPONENTS, InvalidJson, NotAcceptable, Responses, refusals
from alive402.http.discovery.payment_info import call_info, guidance, prepaid_info, service_info
from alive402.http.payment import (
    KEY_HEADER,
    PAYMENTS_PATH,
    TOKEN_HEADER,
    PaymentObjects,
    example_body,
    resource_of,
)
from alive402.payments.core import PaymentRequired
from alive402.payments.x402 import SIGNATURE_HEADER

SECURITY = {
    "PaymentToken": {
        "type": "apiKey",
        "in": "header",
        "name": TOKEN_HEADER,
        "description": "The token of a prepaid payment (POST /api/payments).",
    },
    "X402PaymentSignature": {
        "type": "apiKey",
        "in": "header",
        "name": SIGNATURE_HEADER,
        "description": "A signed x402 payment, base64 of JSON: sign one of `accepts` in the 402 answer.",
    },
    "ApiKey": {
        "type": "apiKey",
        "in": "header",
        "name": KEY_HEADER,
        "description": "An API key from the operator.",
    },
}
_FRAMEWORKS = ("HTTPValidationError", "ValidationError")


class OpenApi:
    """The document of one application; built once, with the server URL filled in for each request."""

    def __init__(self, app: FastAPI, registry: ServiceRegistry, payments: PaymentObjects) -> None:
        self._app = app
        self._registry = registry
        self._payments = payments
        self._routes: dict[str, Any] | None = None
        self._last: tuple[SiteCatalog, dict[str, Any]] | None = None
        self._written: tuple[dict[str, Any], bytes] | None = None

    def document(self, site: SiteCatalog) -> dict[str, Any]:
        """The OpenAPI document for callers who see the site at `site.base`; do not modify it."""
        if self._last is None or self._last[0] != site:
            self._last = site, self._make(site)
        return self._last[1]

    def written(self, site: SiteCatalog) -> bytes:
        """The document as JSON."""
        document = self.document(site)
        if self._written is None or self._written[0] is not document:
            self._written = document, bytes(JSONResponse(document).body)
        return self._written[1]

    def _make(self, site: SiteCatalog) -> dict[str, Any]:
        if self._routes is None:
            self._routes = self._of_the_routes(site)
        document = copy.deepcopy(self._routes)
        document["servers"] = [{"url": site.base}]
        for calls in self._registry.services:
            example = self._price(site, calls)
            for path in calls.service.paths:
                responses = document["paths"][path]["post"]["responses"]
                responses["402"]["content"]["application/json"]["example"] = example
                # The framework leaves out what is null in it.
                responses["200"]["content"]["application/json"]["example"] = calls.service.example_output
        document["x-service-info"] = service_info(site)
        document["info"]["x-guidance"] = guidance(site)
        return document

    def _of_the_routes(self, site: SiteCatalog) -> dict[str, Any]:
        # The framework returns objects that belong to its routes; copy them, so that the routes stay unchanged.
        document = copy.deepcopy(
            get_openapi(
                title=site.name,
                version=self._app.version,
                summary="Every service is paid per answer over HTTP 402.",
                description=site.purpose,
                routes=self._app.routes,
                tags=[
                    {"name": "services", "description": "The services for sale."},
                    {"name": "payments", "description": "Payments for several calls."},
                    {"name": "discovery", "description": "Descriptions of the services, for machines and people."},
                    {"name": "operation", "description": "For monitoring the service."},
                ],
            )
        )
        tools = {path: calls for calls in self._registry.services for path in calls.service.paths}
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                _correct_operation(operation)
                # A call without credentials is answered too, with the price. Directories take an operation that names
                # a scheme of type apiKey for one that needs a key, so the payment headers are parameters.
                operation["security"] = []
                if path in tools:
                    service = tools[path].service
                    operation["x-server402"] = {"serviceId": service.id, "price": service.price}
                    operation["x-payment-info"] = call_info(tools[path])
                elif path.endswith("/pay") and method == "post":
                    operation["x-payment-info"] = prepaid_info(self._registry.services, _most_calls(document))
        components = document.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        for name in _FRAMEWORKS:
            schemas.pop(name, None)
        schemas.update(COMPONENTS)
        components["securitySchemes"] = SECURITY
        return document

    def _price(self, site: SiteCatalog, calls: PaidCalls) -> dict[str, Any]:
        """The body of the 402 answer, with the current price."""
        service = calls.service
        resource = resource_of(service, site.url(service.paths[0]))
        request_id, unpaid = service.example_output["requestId"], self._payments.not_made(calls)
        body = example_body(PaymentRequired(), request_id, calls.gate, resource, unpaid)
        # Spectral takes an object with `type` and `example` for a schema, wherever it stands.
        body["extensions"]["bazaar"]["info"].pop("output", None)
        return body


def _correct_operation(operation: dict[str, Any]) -> None:
    """Correct an operation: 422 becomes our 400, payment headers become security schemes, error responses are added."""
    responses = operation["responses"]
    if _is_frameworks(responses.get("422", {})):
        del responses["422"]
        unreadable = (InvalidInput, InvalidJson) if "requestBody" in operation else (InvalidInput,)
        _add(responses, refusals(*unreadable, ledger=False))
    _add(responses, refusals(ledger=False))
    if any(str(status).startswith("2") and "content" in each for status, each in responses.items()):
        _add(responses, refusals(NotAcceptable, ledger=False))
    # OpenAPI does not count Authorization as a parameter.
    if "parameters" in operation:
        operation["parameters"] = [
            _described(each) for each in operation["parameters"] if each["name"].lower() != "authorization"
        ]
    operation["responses"] = dict(sorted(responses.items()))


def _described(parameter: dict[str, Any]) -> dict[str, Any]:
    """A parameter that may be left out, but cannot be null; a payment header with its description."""
    schema = parameter["schema"]
    if "anyOf" in schema:
        (given,) = (each for each in schema["anyOf"] if each != {"type": "null"})
        schema = {**{name: value for name, value in schema.items() if name != "anyOf"}, **given}
    texts = {scheme["name"].lower(): scheme["description"] for scheme in SECURITY.values()}
    text = texts.get(parameter["name"].lower())
    return {**parameter, "schema": schema, **({"description": text} if text else {})}


def _most_calls(document: dict[str, Any]) -> int:
    """The most calls that one payment may buy, as the document states it."""
    body = document["paths"][PAYMENTS_PATH]["post"]["requestBody"]["content"]["application/json"]["schema"]
    return int(body["properties"]["maxCalls"]["maximum"])


def _is_frameworks(response: dict[str, Any]) -> bool:
    content = response.get("content", {}).get("application/json", {})
    return bool(content.get("schema", {}).get("$ref", "").endswith("HTTPValidationError"))


def _add(responses: dict[str, Any], more: Responses) -> None:
    for status, response in more.items():
        responses.setdefault(str(status), response)
