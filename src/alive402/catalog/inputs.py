"""Validates a request against a schema; the messages repeat nothing of the request."""

from __future__ import annotations

from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from alive402.errors import CodedError


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
