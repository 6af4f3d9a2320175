"""Renders the MCP guide from the catalog: how an agent pays for and reads an answer."""

from __future__ import annotations

import json
from collections.abc import Sequence

from alive402.catalog import ServiceDefinition
from alive402.mcp.tool import CHALLENGE_TOOL

URI = "alive402://guide"


def agent_guide(services: Sequence[ServiceDefinition], asked: ServiceDefinition | None = None) -> str:
    """The guide as Markdown, for a model that does not know the tools; `asked` is the service that has challenges."""
    first = services[0]
    reading = "\n".join(dict.fromkeys(each.reading for each in services if each.reading))
    said = "\n".join(_service(service) for service in services)
    challenge = _challenge(asked) if asked else ""
    return f"""{said}
## To pay
Call it. Unpaid, the result has `isError: true`, and its `structuredContent` is an x402 PaymentRequired object. Then
either
1. sign one entry of `accepts` and call again with the signed payload in the request's `_meta["x402/payment"]`; the
   receipt comes in the result's `_meta["x402/payment-response"]`; or
2. `POST /api/payments` with `{json.dumps({"serviceId": first.id, "maxCalls": 5})}`: the answer has a `token` and a
   `payUrl`. Pay there, then call with the token in `paymentToken`. The HTTP header `X-Payment-Token` of the connection
   does the same.

If an answer did not arrive, send the same call with the same payment again, never a new one: with x402 the payment
gives its answer again, and under the same `idempotencyKey` no second payment or use of a token is charged.

{challenge}## To read
{reading}
`data.Result` is the answer in one line.
`data.Elements` is what the action of Alibaba Cloud answers.
`data.Receipt` is signed: anyone can check it with the keys at `/.well-known/jwks.json`.

A refusal has `code`, `message`, `charged`, and `retryAfter` in seconds where the same call may be sent again.
"""


def _challenge(service: ServiceDefinition) -> str:
    return f"""## To ask for a clip that is filmed now
A stored video says nothing about when it was filmed. `{CHALLENGE_TOOL}` is free and makes a challenge, with the payment
of the later call. Give its `captureUrl` to the person, ask for the state (`statusUrl`, or the tool with `challengeId`)
until it is `filmed`, and call `{service.tool_name}` with `ChallengeId` and the `uploadUrl` as `VideoUrl`.

"""


def _service(service: ServiceDefinition) -> str:
    arguments = "\n".join(
        f"- Argument `{name}` (required): {service.input_schema['properties'][name]['description']}"
        for name in service.input_schema["required"]
    )
    return f"""# {service.name}

{service.description} {service.description_for_model}

- Tool: `{service.tool_name}`. The same over HTTP: `POST {service.paths[0]}`.
{arguments} Example: `{json.dumps(service.example_input)}`.
- Price: {service.price} an answer. A call that fails costs nothing.
"""
