"""A service as an MCP tool: its definition, made from the catalog's, and its results."""

from __future__ import annotations

import json
from typing import Any

from mcp_types import CallToolResult, TextContent, Tool, ToolAnnotations

from alive402.catalog import ServiceDefinition, strict_schema, without_challenges
from alive402.challenges import CHALLENGE_REQUEST

# Where a call's `_meta` holds its payment: as x402 specifies, and as the npm package x402-mcp names it.
PAYMENT_KEYS = ("x402/payment", "x402.payment")
RECEIPT_KEYS = ("x402/payment-response", "x402.payment-response")
# Payment arguments, added to the service's own input. Server402's agents know the first one by this name.
PAYING: dict[str, Any] = {
    "paymentToken": {
        "type": "string",
        "maxLength": 128,
        "description": "Token of a payment made ahead with POST /api/payments. Without it (null), pay by x402.",
    },
    "idempotencyKey": {
        "type": "string",
        "maxLength": 128,
        "description": ("Your own name for this request, or null: sent again with the same token, it is charged once."),
    },
}

CHALLENGE_TOOL = "face_challenge"
_OF_THE_CHALLENGE = {name: CHALLENGE_REQUEST["properties"][name] for name in ("steps", "avoid", "pace", "bind")}
CHALLENGE_TOOL_INPUT: dict[str, Any] = {
    "properties": {
        "challengeId": {
            "type": "string",
            "maxLength": 43,
            "description": "Return the state of this challenge, rather than make one.",
        },
        **_OF_THE_CHALLENGE,
        "paymentToken": PAYING["paymentToken"],
    },
    "additionalProperties": False,
}
"""The arguments of the free tool; all are optional."""
_CHALLENGE_FACTS = {
    "challengeId": "Send it as `ChallengeId` with the paid call.",
    "captureUrl": "For the person who is filmed.",
    "statusUrl": "For you: GET it for the state.",
    "state": "issued, begun, filmed, used or expired; absent in the answer that makes a challenge.",
    "uploadUrl": "Once it is filmed: send it as `VideoUrl`.",
    "expiresAt": "The person has to begin by then.",
    "answerBy": "Once it is begun: the clip has to be here by then.",
    "requestId": "The call that used it, or the id of a refusal.",
}
_CHARGED = {"type": ["boolean", "null"], "description": "Of a refusal; null: not known yet, send the same again."}
_REFUSAL = {"title": "Refusal", "required": ["requestId", "code", "message", "charged"]}
_CHALLENGE_OUTPUT: dict[str, Any] = {
    "type": "object",
    "properties": {
        **{name: {"type": "string", "description": words} for name, words in _CHALLENGE_FACTS.items()},
        "charged": _CHARGED,
    },
    "anyOf": [
        {"title": "Made", "required": ["challengeId", "captureUrl", "statusUrl", "expiresAt"]},
        {"title": "State", "required": ["challengeId", "state"]},
        _REFUSAL,
    ],
}


def paid_tool(service: ServiceDefinition) -> Tool:
    """The paid tool: its input is the service's input and the payment arguments."""
    schema = service.input_schema
    price = f"{service.price} an answer, by `paymentToken` or x402 `_meta`; unpaid it says how to pay."
    return Tool(
        name=service.tool_name,
        title=service.name,
        description=f"{service.description_for_model} {price}",
        input_schema=strict_schema({**schema, "properties": {**schema["properties"], **PAYING}}),
        output_schema=_answer_or_refusal(service.output_schema),
        # Not read-only: hosts run such tools without asking anyone, and this one spends money.
        annotations=ToolAnnotations(
            title=service.name,
            read_only_hint=False,
            destructive_hint=False,
            idempotent_hint=False,
            open_world_hint=True,
        ),
    )


def challenge_tool(service: ServiceDefinition) -> Tool:
    """The free tool that makes a challenge for a call of the service, or reads the state of one."""
    paid = service.tool_name
    return Tool(
        name=CHALLENGE_TOOL,
        title="Challenge for a clip that is filmed now",
        description=(
            "Free. Makes a challenge: movements of the head that a person has to film now, so that the verdict of "
            f"`{paid}` is about a clip that nobody could have before. You cannot film it. 1. Give `captureUrl` to "
            "the person, who opens it in a browser within 10 minutes and follows its prompts. 2. Get the state every "
            "few seconds: GET `statusUrl`, or call this tool with `challengeId` alone, until `state` is `filmed`. "
            f"3. Within 10 minutes call `{paid}` with `ChallengeId`, the state's `uploadUrl` as `VideoUrl`, and "
            "`ChallengeBind` if you gave a `bind`. Send the same payment as for that call: it is not charged here. At "
            "`expired` make a new challenge."
        ),
        input_schema=strict_schema({**CHALLENGE_TOOL_INPUT, "type": "object"}),
        output_schema=_CHALLENGE_OUTPUT,
        annotations=ToolAnnotations(
            title="Challenge for a clip that is filmed now",
            read_only_hint=False,
            destructive_hint=False,
            idempotent_hint=False,
            open_world_hint=True,
        ),
    )


def local_input(service: ServiceDefinition, inputs: dict[str, Any]) -> dict[str, Any]:
    """The input schema of the local tool: the service's, with the JSON Schemas `inputs` in place of its own."""
    schema = without_challenges(service.input_schema)
    return {**schema, "properties": {**schema["properties"], **inputs}}


def free_tool(service: ServiceDefinition, inputs: dict[str, Any]) -> Tool:
    """The free local tool; `inputs` are the JSON Schemas of inputs that differ from the service's."""
    return Tool(
        name=service.tool_name,
        title=service.name,
        description=f"{service.description} Here it is judged on your own machine, free.",
        input_schema=strict_schema(local_input(service, inputs)),
        output_schema=_answer_or_refusal(service.output_schema),
        annotations=ToolAnnotations(
            title=service.name,
            read_only_hint=True,
            destructive_hint=False,
            idempotent_hint=True,
            open_world_hint=True,
        ),
    )


def _answer_or_refusal(answer: dict[str, Any]) -> dict[str, Any]:
    """The schema of `structuredContent`: the TypeScript SDK validates refusals against the output schema too."""
    return {
        **{name: value for name, value in answer.items() if name != "required"},
        "properties": {**answer["properties"], "charged": _CHARGED},
        "anyOf": [{"title": "Answer", "required": answer["required"]}, _REFUSAL],
    }


def answer_result(request_id: str, answer: dict[str, Any], receipt: dict[str, Any] | None = None) -> CallToolResult:
    """An answer, the same body as over HTTP: `answer` is its `data`, and its `reportUrl` where there is one.

    `receipt` is the x402 SettleResponse of its payment.
    """
    body = {"requestId": request_id, "code": "200", "message": "success", "content": "", **answer}
    return _result(body, is_error=False, meta=dict.fromkeys(RECEIPT_KEYS, receipt) if receipt else None)


def challenge_result(body: dict[str, Any]) -> CallToolResult:
    """A challenge or its state, the same body as over HTTP."""
    return _result(body, is_error=False)


def refusal_result(body: dict[str, Any]) -> CallToolResult:
    """The tool result of a refusal, which the model can read and act on."""
    return _result(body, is_error=True)


def _result(body: dict[str, Any], *, is_error: bool, meta: dict[str, Any] | None = None) -> CallToolResult:
    text = json.dumps(body, ensure_ascii=False)
    return CallToolResult(content=[TextContent(text=text)], structured_content=body, is_error=is_error, _meta=meta)
