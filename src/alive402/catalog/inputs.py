"""Validates a request against a schema, without repeating the request, and renders the schema for strict tools."""

from __future__ import annotations

from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from alive402.errors import CodedError

# The words of JSON Schema that OpenAI's strict mode accepts; `format`, lengths and counts make it refuse the tool.
_STRICT = ("type", "title", "description", "enum", "const")


CHALLENGE_ID, CHALLENGE_BIND = "ChallengeId", "ChallengeBind"
CHALLENGE_INPUTS: dict[str, Any] = {
    CHALLENGE_ID: {
        "type": "string",
        "pattern": "^[A-Za-z0-9_-]{43}$",
        "description": (
            "A challenge of POST /api/challenges that the video has to answer; `live` then needs both. It is used "
            "once, by the payer who made it."
        ),
    },
    CHALLENGE_BIND: {
        "type": "string",
        "minLength": 1,
        "maxLength": 128,
        "description": "The `bind` that the challenge was made with, where it has one.",
    },
}
"""The optional inputs of a service that can check whether a video answers a challenge."""


class InvalidInput(CodedError):
    """The request does not match the service's input schema; `details["problems"]` lists where."""

    code = "invalid_input"
    status = 400
    default = "The request does not match the input schema. `details.problems` lists where."


def problems_in(given: object, validator: Draft202012Validator) -> list[dict[str, str]]:
    """The first five mismatches of `given`, each a path and a message."""
    # Stops after those that are reported: a request may hold megabytes of mismatches.
    found = islice(validator.iter_errors(given), 5)
    return [{"path": "/".join(map(str, error.absolute_path)), "message": _sentence(error)} for error in found]


def strict_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema for models in strict mode: every property is required, and an optional one may be null.

    Limits on lengths and counts are left out; the service checks them when it is called.
    """
    strict = {word: schema[word] for word in _STRICT if word in schema}
    if "items" in schema:
        strict["items"] = strict_schema(schema["items"])
    if "properties" in schema:
        required = schema.get("required", ())
        inner = {name: strict_schema(each) for name, each in schema["properties"].items()}
        strict["properties"] = {name: each if name in required else _nullable(each) for name, each in inner.items()}
        strict |= {"required": list(inner), "additionalProperties": False}
    return strict


def without_challenges(schema: dict[str, Any]) -> dict[str, Any]:
    """The input schema of a service where it cannot check challenges."""
    properties = {name: each for name, each in schema["properties"].items() if name not in CHALLENGE_INPUTS}
    return {**schema, "properties": properties}


def without_absent(given: Any, schema: dict[str, Any]) -> Any:
    """The request without its optional properties that are null or empty: models in strict mode send every one."""
    # It follows the schema, so that the depth of a request does not matter.
    if isinstance(given, dict) and "properties" in schema:
        properties, required = schema["properties"], schema.get("required", ())
        return {
            name: without_absent(value, properties.get(name, {}))
            for name, value in given.items()
            if name not in properties or name in required or value not in (None, "")
        }
    if isinstance(given, list) and "items" in schema:
        return [without_absent(each, schema["items"]) for each in given]
    return given


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    found = dict(schema)
    if "type" in schema:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        found["type"] = [*(kind for kind in kinds if kind != "null"), "null"]
    if "enum" in schema:
        found["enum"] = [*(value for value in schema["enum"] if value is not None), None]
    return found


def _sentence(error: Any) -> str:
    """The message for one mismatch, without the sent value, which may be long or secret."""
    match error.validator:
        case "required":
            return f"{error.message}."
        case "type":
            return f"It has to be of type {error.validator_value}."
        case "additionalProperties":
            return f"Only these properties are known: {', '.join(error.schema['properties'])}."
        case _:
            return f"It does not satisfy `{error.validator}`: {error.validator_value}."
