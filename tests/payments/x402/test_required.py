"""Tests of the 402 document of version 2: whole for bodies, slim for the header."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from x402.schemas import PaymentRequirements

from alive402.catalog import IMAGE_LIVENESS, LIVENESS, ServiceDefinition
from alive402.http.payment import resource_of
from alive402.payments.x402.required import _shape, required_header, required_v2

SERVICES = pytest.mark.parametrize("service", [LIVENESS, IMAGE_LIVENESS], ids=["video", "image"])
LONGEST = "https://liveness.a-company-with-a-long-name.example.com/video/liveness"
# The longest names in use: Avalanche's chain id has five digits, and its token says "USD Coin".
ACCEPTED = [
    PaymentRequirements(
        scheme="exact",
        network=network,
        asset="0x" + "ab" * 20,
        amount="200000",
        pay_to="0x" + "cd" * 20,
        max_timeout_seconds=1200,
        extra={"name": "USD Coin", "version": "2"},
    )
    for network in ("eip155:84532", "eip155:8453", "eip155:43114")
]


def document(service: ServiceDefinition, networks: int, base: str = "https://alive402.example") -> str:
    resource = resource_of(service, base + service.paths[-1])
    return required_header(required_v2(ACCEPTED[:networks], resource, "payment_required: Sign."), "payment_required")


def read(header: str) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(base64.b64decode(header))
    return shown


@SERVICES
@pytest.mark.parametrize(("networks", "most"), [(1, 1_800), (3, 2_600)])
def test_header_is_small(service: ServiceDefinition, networks: int, most: int) -> None:
    assert len(document(service, networks)) <= most
    assert len(document(service, networks, LONGEST)) <= most + 100


@SERVICES
def test_header_has_what_buyers_and_indexers_read(service: ServiceDefinition) -> None:
    shown = read(document(service, 3))
    assert shown["x402Version"] == 2
    assert shown["error"] == "payment_required"
    assert shown["accepts"] == [each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in ACCEPTED]
    assert shown["resource"].keys() == {"url", "description", "mimeType", "serviceName"}
    bazaar = shown["extensions"]["bazaar"]
    assert bazaar["info"]["input"]["body"] == service.example_input
    Draft202012Validator(bazaar["schema"]).validate(bazaar["info"])
    assert shown["extensions"]["payment-identifier"]["info"] == {"required": False}


SCALARS = st.sampled_from(
    [
        {"type": "string", "maxLength": 9, "description": "words"},
        {"type": ["integer", "null"], "minimum": 0},
        {"enum": ["a", 1], "title": "two"},
        {"const": True},
        {},
    ]
)


def _objects(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    named = st.dictionaries(st.sampled_from(["type", "items", "description", "a"]), inner, min_size=1, max_size=3)
    objects = named.map(lambda each: {"type": "object", "properties": each, "additionalProperties": False})
    return objects | inner.map(lambda each: {"type": "array", "items": each, "maxItems": 3})


@given(st.recursive(SCALARS, _objects, max_leaves=6))
def test_shape_keeps_the_names_and_types_of_fields(schema: dict[str, Any]) -> None:
    shape = _shape(schema)
    assert _shape(shape) == shape
    assert shape.keys() <= {"type", "required", "properties", "items"}
    assert shape.get("type") == schema.get("type")
    assert shape.get("properties", {}).keys() == schema.get("properties", {}).keys()
    Draft202012Validator.check_schema(shape)
