"""Local MCP server over standard input and output: judges files and URLs on this machine, free."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp_types import CallToolResult

from alive402.catalog import InvalidInput, ServiceDefinition, problems_in, without_absent
from alive402.errors import CodedError
from alive402.intake.sandbox import Progress
from alive402.mcp.server import ToolCall, agent_server
from alive402.mcp.tool import answer_result, free_tool, local_input, refusal_result
from alive402.providers import Answer

LocalAnswer = Callable[[Mapping[str, Any], Progress], Awaitable[Answer]]
"""Answers one request of a service; raises `CodedError` like `Provider.answer`, also for a file that cannot be read."""


@dataclass(frozen=True, slots=True)
class LocalService:
    """A service that this machine answers.

    Attributes:
        definition: the service's definition.
        answer: its local provider; the request has passed the tool's schema.
        inputs: JSON Schemas, by name, of the inputs that differ from the definition: paths instead of URLs.
        guide: a sentence or two for the model that uses the tools.
    """

    definition: ServiceDefinition
    answer: LocalAnswer
    inputs: dict[str, Any] = field(hash=False)
    guide: str = ""


def guide_of(services: Sequence[LocalService]) -> str:
    """The guide of all tools, each sentence once."""
    return " ".join(dict.fromkeys(service.guide for service in services if service.guide))


def local_server(services: Sequence[LocalService]) -> Server[Any]:
    """The local MCP server, with a tool for each service."""
    found = {service.definition.tool_name: service for service in services}
    tools = {name: free_tool(service.definition, service.inputs) for name, service in found.items()}
    schemas = {name: local_input(service.definition, service.inputs) for name, service in found.items()}
    validators = {name: Draft202012Validator(schema) for name, schema in schemas.items()}

    async def work(call: ToolCall, progress: Progress) -> CallToolResult:
        request_id = uuid4().hex
        service = found[call.name]
        try:
            given = without_absent(call.arguments, schemas[call.name])
            problems = problems_in(given, validators[call.name])
            if problems:
                raise InvalidInput(problems=problems)
            answer = await service.answer(given, progress)
        except CodedError as error:
            return refusal_result({"requestId": request_id, **error.to_dict(), "charged": False})
        return answer_result(request_id, {"data": service.definition.answer(answer.elements, answer.report)})

    words = {name: service.definition.stages for name, service in found.items()}
    return agent_server(list(tools.values()), words, guide_of(services), work)


async def serve_over_stdio(server: Server[Any]) -> None:
    """Serve until the client closes standard input."""
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())
