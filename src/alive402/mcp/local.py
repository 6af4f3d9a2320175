"""The tools on one's own machine: files and URLs are judged here, free, over standard input and output."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
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
from alive402.intake.sandbox import Progress, SandboxLimits
from alive402.intake.sniff import sniff
from alive402.liveness.networks import model_files
from alive402.mcp.server import ToolCall, agent_server
from alive402.mcp.tool import answered, free_tool, progress_words, refused
from alive402.providers.base import Answer
from alive402.providers.local import LocalProvider
from alive402.providers.local_images import MAX_BYTES, LocalImages

_GUIDE = (
    "Judges a video, or images, on this machine or at a URL, and answers live, spoof or inconclusive, with reasons. "
    "A video tells far more than an image."
)


class FileUnreadable(CodedError):
    """The path names no file that can be read; only the machine's own user is told so."""

    code = "file_unreadable"
    status = 404
    default = "There is no file at this path that can be read."


def local_server(services: Sequence[ServiceDefinition], *, allow_private_hosts: bool = False) -> Server[Any]:
    """An MCP server that answers for whoever runs it, a tool a service."""
    machine = LocalProvider(FetchLimits(allow_private=allow_private_hosts), SandboxLimits())
    images = LocalImages(machine, FetchLimits(max_bytes=MAX_BYTES, allow_private=allow_private_hosts))
    tools = {service.tool_name: (service, free_tool(service)) for service in services}
    validators = {name: Draft202012Validator(tool.input_schema) for name, (_, tool) in tools.items()}

    async def work(call: ToolCall, progress: Progress) -> CallToolResult:
        request_id = uuid4().hex
        service, _ = tools[call.name]
        try:
            problems = problems_in(call.arguments, validators[call.name])
            if problems:
                raise InvalidInput(problems=problems)
            await asyncio.to_thread(model_files.ensure)
            if "Tasks" in call.arguments:
                answer = await _judged_images(call.arguments["Tasks"], images, progress)
            else:
                answer = await _judged(call.arguments["VideoUrl"], machine, progress)
        except CodedError as error:
            return refused({"requestId": request_id, **error.to_dict(), "charged": False})
        data = {"Action": service.action, "Elements": answer.elements, "Liveness": answer.liveness}
        return answered(request_id, {"data": data})

    words = {service.tool_name: progress_words(service) for service in services}
    return agent_server([tool for _, tool in tools.values()], words, _GUIDE, work)


async def serve_over_stdio(server: Server[Any]) -> None:
    """Serve until the client closes our standard input."""
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


async def _judged(video: str, provider: LocalProvider, progress: Progress) -> Answer:
    if video.startswith(("http://", "https://")):
        provider.check({"VideoUrl": video})
        return await provider.answer({"VideoUrl": video}, progress)
    judged = await provider.judge(await asyncio.to_thread(_file, video), progress)
    return Answer(elements=judged.elements, liveness=judged.liveness)


async def _judged_images(tasks: Sequence[Mapping[str, str]], provider: LocalImages, progress: Progress) -> Answer:
    """Files are handed over as the bytes that they are; what they are called is nobody's business."""
    given = [
        task if task["ImageURL"].startswith(("http://", "https://")) else await asyncio.to_thread(_packed, task)
        for task in tasks
    ]
    for place, task in enumerate(given):
        provider.check_task(place, task)
    return await provider.answer({"Tasks": given}, progress)


def _packed(task: Mapping[str, str]) -> dict[str, str]:
    """The picture that a path or a `file:` URL names, one byte more than is judged at the most."""
    try:
        with _path(task["ImageURL"]).open("rb") as file:
            return {"ImageData": base64.b64encode(file.read(MAX_BYTES + 1)).decode()}
    except (OSError, ValueError, RuntimeError):
        raise FileUnreadable from None


def _file(named: str) -> Path:
    """The video that a path or a `file:` URL names."""
    try:
        path = _path(named)
        sniff(path)
    except (OSError, ValueError, RuntimeError):
        raise FileUnreadable from None
    return path


def _path(named: str) -> Path:
    path = Path(url2pathname(urlsplit(named).path) if named.startswith("file://") else named).expanduser().absolute()
    if not path.is_file():  # a pipe would wait for ever, a device never end
        raise FileNotFoundError
    return path
