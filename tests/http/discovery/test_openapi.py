"""Tests of the OpenAPI document: valid, and true of the running service for any input."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, seed, settings
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from alive402.catalog import LIVENESS
from alive402.services import DEFINITIONS
from tests.http.conftest import Service, Start

# `make fuzz` sends more.
REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "200"))


@pytest.fixture(scope="module")
def unlimited_service(start: Start) -> Service:
    """A service without rate limits."""
    return start(new_payments_per_address="1000000/hour", free_failures_per_address="1000000/hour")


@pytest.mark.parametrize("path", ["/openapi.json", "/api/catalog/openapi.json"])
def test_document_is_valid_openapi(service: Service, path: str) -> None:
    document = httpx.get(service.url + path).json()
    assert document["openapi"] == "3.1.0"
    validate(document, cls=OpenAPIV31SpecValidator)


def test_document_has_the_fields_of_importers(service: Service) -> None:
    document = httpx.get(service.url + "/openapi.json").json()
    assert document["servers"] == [{"url": service.url}]
    schemes = document["components"]["securitySchemes"]
    assert (schemes["PaymentToken"]["in"], schemes["PaymentToken"]["name"]) == ("header", "X-Payment-Token")
    assert schemes["X402PaymentSignature"]["name"] == "PAYMENT-SIGNATURE"
    call = document["paths"]["/api/tools/video-face-liveness-detection"]["post"]
    assert call["operationId"] == "video_face_liveness_detection"
    told = call["responses"]["402"]["content"]["application/json"]["example"]
    unpaid = httpx.post(service.url + "/api/tools/video-face-liveness-detection").json()
    # It stands beside the example already, as that of the 200 response.
    unpaid["extensions"]["bazaar"]["info"].pop("output", None)
    assert {**told, "requestId": ""} == {**unpaid, "requestId": ""}


def operations_of(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_each_operation_states_its_security_and_no_parameter_is_null(service: Service) -> None:
    document = httpx.get(service.url + "/openapi.json").json()
    for name, operation in operations_of(document):
        assert "security" in operation, name
        for parameter in operation.get("parameters", []):
            assert "anyOf" not in parameter["schema"], (name, parameter["name"])
            assert parameter["schema"].get("type") not in (None, "null"), (name, parameter["name"])


def test_each_example_fits_its_schema(service: Service) -> None:
    document = httpx.get(service.url + "/openapi.json").json()
    checked = 0
    for name, operation in operations_of(document):
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        for body in [*bodies, *operation["responses"].values()]:
            for media in body.get("content", {}).values():
                if "example" in media:
                    schema = {**media["schema"], "components": document["components"]}
                    problems = list(Draft202012Validator(schema).iter_errors(media["example"]))
                    assert problems == [], name
                    checked += 1
    assert checked == 3 * 2 * len(DEFINITIONS)


def test_directories_find_a_price_and_no_api_key(service: Service) -> None:
    document = httpx.get(service.url + "/openapi.json").json()
    listed = httpx.get(service.url + "/.well-known/x402").json()
    assert listed["version"] == 1
    assert listed["resources"] == [f"POST {service.url}{each.paths[0]}" for each in DEFINITIONS]
    for definition in DEFINITIONS:
        unpaid = httpx.post(service.url + definition.paths[0]).json()
        for path in definition.paths:
            operation = document["paths"][path]["post"]
            assert operation["security"] == []
            info = operation["x-payment-info"]
            assert info["price"] == {
                "mode": "fixed",
                "currency": "USD",
                "amount": definition.price.removeprefix("USD "),
            }
            charged = {"method": "evm", "intent": "charge", "currency": service.parts.terms.asset}
            assert info["protocols"] == [{"x402": {}}, {"mpp": charged}]
            offers = [(each["amount"], each["currency"], each["method"], each["intent"]) for each in info["offers"]]
            assert offers == [(each["maxAmountRequired"], each["asset"], "evm", "charge") for each in unpaid["accepts"]]
            headers = {each["name"] for each in operation["parameters"] if each["in"] == "header"}
            assert headers >= {"X-Payment-Token", "PAYMENT-SIGNATURE", "X-Api-Key"}
    paying = document["paths"]["/api/payments/{payment_id}/pay"]["post"]["x-payment-info"]["price"]
    assert paying == {"mode": "dynamic", "currency": "USD", "min": "0.05", "max": "200.00"}
    assert document["x-service-info"]["docs"]["llms"] == f"{service.url}/llms.txt"
    assert "402" in document["info"]["x-guidance"]


def test_every_answer_is_documented(unlimited_service: Service) -> None:
    # Imported here, because every worker loads this file: it takes seconds.
    import schemathesis

    schema = schemathesis.openapi.from_url(f"{unlimited_service.url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    asked = httpx.post(f"{unlimited_service.url}/api/payments", json={"serviceId": LIVENESS.id}).json()
    real = {"payment_id": asked["paymentId"], "service_id": LIVENESS.id}
    # What takes a body has more to go wrong; what takes nothing is asked once.
    weights = {operation.label: 4 if operation.body else int(_takes_something(operation)) for operation in operations}
    statuses: Counter[int] = Counter()
    for operation in operations:
        share = REQUESTS * weights[operation.label] / sum(weights.values())
        if _takes_something(operation):
            _send(operation, "POSITIVE", max(2, round(share / 2)), statuses, real)
            # Nothing that fits in a path is wrong in itself; it only names nothing.
            odd = "NEGATIVE" if operation.body or operation.query else "POSITIVE"
            _send(operation, odd, max(2, round(share / 2)), statuses, {})
        else:
            _send(operation, "POSITIVE", 1, statuses, {})
    print(f"{sum(statuses.values())} requests: {dict(sorted(statuses.items()))}")
    assert sum(statuses.values()) >= 0.9 * REQUESTS
    assert {200, 201, 400, 402, 404} <= set(statuses)


def _takes_something(operation: Any) -> bool:
    return bool(operation.body or operation.query or operation.path_parameters)


def _send(operation: Any, mode: str, requests: int, statuses: Counter[int], real: dict[str, str]) -> None:
    """Send generated requests; with `real`, they name existing objects, to pass that check."""
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    wanted = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
    ]

    @seed(402)
    @settings(max_examples=requests, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(GenerationMode[mode]))
    def send(case: Any) -> None:
        case.path_parameters.update({name: real[name] for name in case.path_parameters if name in real})
        if real and isinstance(case.body, dict) and "serviceId" in case.body:
            case.body["serviceId"] = real["service_id"]
        response = case.call(timeout=30)
        statuses[response.status_code] += 1
        case.validate_response(response, checks=wanted)

    send()
