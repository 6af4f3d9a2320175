"""The 402 document of x402 version 2: whole for bodies, slim for the header.

Proxies limit a response's headers (nginx to 4 kB by default), and buyers send the extensions of the header back in
their own. The header therefore leaves out the answer's schema and example, tags, all text of schemas, and all but the
first sentence of the description; what a buyer signs is the same in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from x402.extensions.bazaar import (
    DeclareMcpDiscoveryConfig,
    OutputConfig,
    bazaar_resource_server_extension,
    declare_discovery_extension,
    declare_mcp_discovery_extension,
)
from x402.extensions.payment_identifier import PAYMENT_IDENTIFIER, declare_payment_identifier_extension
from x402.http.utils import encode_payment_required_header
from x402.schemas import PaymentRequired, PaymentRequirements, ResourceInfo

from alive402.payments.x402.signed_payment import Resource

_BAZAAR = "bazaar"
# What remains of a JSON Schema in the header: the names and types of the fields.
_SHAPE = ("type", "required")


def required_v2(accepts: Sequence[PaymentRequirements], resource: Resource, error: str) -> PaymentRequired:
    """The 402 document: what to sign, for which resource, and how to call it."""
    return PaymentRequired(
        error=error,
        resource=ResourceInfo(
            url=resource.url,
            description=resource.description,
            mime_type="application/json",
            service_name=resource.service_name,
            tags=list(resource.tags),
        ),
        accepts=list(accepts),
        extensions={
            _BAZAAR: _tool(resource, resource.tool_name) if resource.tool_name else _post(resource),
            PAYMENT_IDENTIFIER: declare_payment_identifier_extension(),
        },
    )


def _post(resource: Resource) -> dict[str, Any]:
    """The bazaar extension of a POST endpoint."""
    declared = declare_discovery_extension(
        input=resource.example_input,
        input_schema=resource.input_schema,
        body_type="json",
        output=OutputConfig(example=resource.example_output),
    )[_BAZAAR]
    bazaar: dict[str, Any] = bazaar_resource_server_extension.enrich_declaration(
        declared, SimpleNamespace(method="POST")
    )
    return bazaar


def _tool(resource: Resource, tool_name: str) -> dict[str, Any]:
    """The bazaar extension of an MCP tool."""
    tool = DeclareMcpDiscoveryConfig(
        tool_name=tool_name,
        description=resource.description,
        input_schema=resource.input_schema,
        transport="streamable-http",
        example=resource.example_input,
        output=OutputConfig(example=resource.example_output),
    )
    bazaar: dict[str, Any] = declare_mcp_discovery_extension(tool)[_BAZAAR]
    return bazaar


def required_header(required: PaymentRequired, code: str) -> str:
    """The PAYMENT-REQUIRED header: base64 of the document's slim form, with an error's `code` in place of its text."""
    return encode_payment_required_header(_slim(required, code))


def _slim(required: PaymentRequired, code: str) -> PaymentRequired:
    extensions = dict(required.extensions or {})
    bazaar = extensions[_BAZAAR]
    info = {name: value for name, value in bazaar["info"].items() if name != "output"}
    schema = {**bazaar["schema"], "properties": {"input": bazaar["schema"]["properties"]["input"]}}
    extensions[_BAZAAR] = {"info": info, "schema": _shape(schema)}
    extensions[PAYMENT_IDENTIFIER] = {**extensions[PAYMENT_IDENTIFIER], "schema": {"type": "object"}}
    assert required.resource is not None
    sentence = (required.resource.description or "").partition(". ")[0].rstrip(".")
    resource = required.resource.model_copy(update={"tags": None, "description": f"{sentence}."})
    return required.model_copy(update={"error": code, "resource": resource, "extensions": extensions})


def _shape(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON Schema with the names and types of its fields only; every valid instance stays valid."""
    shape = {name: schema[name] for name in _SHAPE if name in schema}
    if "properties" in schema:
        shape["properties"] = {name: _shape(each) for name, each in schema["properties"].items()}
    if "items" in schema:
        shape["items"] = _shape(schema["items"])
    return shape
