"""The tool on one's own machine: files and URLs are judged here, free, over standard input and output."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname
from uuid import uuid4

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp_types import CallToolResult

from alive402.catalog import ServiceDefinition
from alive402.catalog.inputs import InvalidInput, problems_in
from alive402.coded import CodedError
from alive402.intake.fetch import FetchLimits
from alive402.intake.sandbox import Progress, SandboxLimits, judge
from alive402.intake.sniff import sniff
from alive402.liveness import models
from alive402.mcp.server import ToolCall, agent_server
from alive402.mcp.tool import answered, free_tool, refused
from alive402.providers.base import Answer
from alive402.providers.local import LocalProvider

_GUIDE = "Judges a video file on this machine, or one at a URL, and answers live, spoof or inconclusive, with reasons."


class FileUnreadable(CodedError):
    """The path names no file that can be read; only the machine's own user is told so."""

    code = "file_unreadable"
    status = 404
    default = "There is no file at this path that can be read."


def local_server(service: ServiceDefinition, *, allow_private_hosts: bool = False) -> Server[Any]:
    """An MCP server that answers for whoever runs it."""
    provider = LocalProvider(FetchLimits(allow_private=allow_private_hosts), SandboxLimits())
    tool = free_tool(service)
    validator = Draft202012Validator(tool.input_schema)

    async def work(call: ToolCall, progress: Progress) -> CallToolResult:
        request_id = uuid4().hex
        try:
            problems = problems_in(call.arguments, validator)
            if problems:
                raise InvalidInput(problems=problems)
            await asyncio.to_thread(models.ensure)
            answer = await _judged(call.arguments["VideoUrl"], provider, progress)
        except CodedError as error:
            return refused({"requestId": request_id, **error.to_dict(), "charged": False})
        data = {"Action": service.action, "Elements": answer.elements, "Liveness": answer.liveness}
        return answered(request_id, {"data": data})

    return agent_server((tool,), _GUIDE, work)


async def serve_over_stdio(server: Server[Any]) -> None:
    """Serve until the client closes our standard input."""
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


async def _judged(video: str, provider: LocalProvider, progress: Progress) -> Answer:
    if video.startswith(("http://", "https://")):
        provider.check({"VideoUrl": video})
        return await provider.answer({"VideoUrl": video}, progress)
    judged = await judge(await asyncio.to_thread(_file, video), provider.judging, progress)
    return Answer(elements=judged.elements, liveness=judged.liveness)


def _file(named: str) -> Path:
    """The video that a path or a `file:` URL names."""
    try:
        path = Path(url2pathname(urlsplit(named).path) if named.startswith("file://") else named)
        path = path.expanduser().absolute()
        sniff(path)
    except (OSError, ValueError, RuntimeError):
        raise FileUnreadable from None
    return path
