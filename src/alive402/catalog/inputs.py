"""Does a request fit a schema; and where not, in words that give nothing back of what was sent."""

from __future__ import annotations

from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from alive402.errors import CodedError


class InvalidInput(CodedError):
    """The request does not fit the service's input schema; `details["problems"]` lists where."""

    code = "invalid_input"
    status = 400
    default = "The request does not fit the input schema. `details.problems` says where."


def problems_in(given: object, validator: Draft202012Validator) -> list[dict[str, str]]:
    """Where `given` does not fit, the first five, each a path and a sentence."""
    # No further than is told: a stranger may bring as many faults as fit into megabytes.
    found = islice(validator.iter_errors(given), 5)
    return [{"path": "/".join(map(str, error.absolute_path)), "message": _sentence(error)} for error in found]


def _sentence(error: Any) -> str:
    """What is wrong, without giving back what was sent: it may be long, and it may be a secret."""
    match error.validator:
        case "required":
            return f"{error.message}."
        case "type":
            return f"It has to be of type {error.validator_value}."
        case "additionalProperties":
            return f"Only these properties are known: {', '.join(error.schema['properties'])}."
        case _:
            return f"It does not satisfy `{error.validator}`: {error.validator_value}."
