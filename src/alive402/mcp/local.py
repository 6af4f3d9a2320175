"""Local MCP server over standard input and output: judges files and URLs on this machine, free."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname
from uuid import uuid4

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp_types import CallToolResult

from alive402.catalog import IMAGE_LIVENESS, LIVENESS, ServiceDefinition
from alive402.catalog.inputs import InvalidInput, problems_in
from alive402.errors import CodedError
from alive402.intake.fetch import FetchLimits
from alive402.intake.sandbox.pool import Progress, SandboxLimits
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
_VIDEO: dict[str, Any] = {
    "VideoUrl": {
        "type": "string",
        "minLength": 1,
        "maxLength": 4096,
        "description": "Path of a video file on this machine, or its http(s) URL. One face, seen from the front.",
    }
}
_IMAGES: dict[str, Any] = {
    "Tasks": {
        "type": "array",
        "minItems": 1,
        "maxItems": 10,
        "description": "The images, each a task.",
        "items": {
            "type": "object",
            "properties": {
                "ImageURL": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 4096,
                    "description": "Path of an image file on this machine, or its http(s) URL.",
                }
            },
            "required": ["ImageURL"],
            "additionalProperties": False,
        },
    }
}

LocalAnswer = Callable[[Mapping[str, Any], Progress], Awaitable[Answer]]
"""Answers one request of a service; raises `CodedError` like `Provider.answer`, and `FileUnreadable`."""


class FileUnreadable(CodedError):
    """The path is not a readable file; only the local server raises this."""

    code = "file_unreadable"
    status = 404
    default = "There is no readable file at this path."


@dataclass(frozen=True, slots=True)
class LocalService:
    """A service that this machine answers.

    Attributes:
        definition: the service's definition.
        answer: its local provider; the request has passed the tool's schema.
        inputs: JSON Schemas, by name, of the inputs that differ from the definition: paths instead of URLs.
    """

    definition: ServiceDefinition
    answer: LocalAnswer
    inputs: dict[str, Any] = field(hash=False)


def on_this_machine(*, allow_private_hosts: bool = False) -> tuple[LocalService, ...]:
    """The services that this machine can answer, in catalog order."""
    machine = LocalProvider(FetchLimits(allow_private=allow_private_hosts), SandboxLimits())
    images = LocalImages(machine, FetchLimits(max_bytes=MAX_BYTES, allow_private=allow_private_hosts))

    async def video(given: Mapping[str, Any], progress: Progress) -> Answer:
        await asyncio.to_thread(model_files.ensure)
        return await _judged(given["VideoUrl"], machine, progress)

    async def tasks(given: Mapping[str, Any], progress: Progress) -> Answer:
        await asyncio.to_thread(model_files.ensure)
        return await _judged_images(given["Tasks"], images, progress)

    return (LocalService(LIVENESS, video, _VIDEO), LocalService(IMAGE_LIVENESS, tasks, _IMAGES))


def local_server(services: Sequence[LocalService]) -> Server[Any]:
    """The local MCP server, with a tool for each service."""
    found = {service.definition.tool_name: service for service in services}
    tools = {name: free_tool(service.definition, service.inputs) for name, service in found.items()}
    validators = {name: Draft202012Validator(tool.input_schema) for name, tool in tools.items()}

    async def work(call: ToolCall, progress: Progress) -> CallToolResult:
        request_id = uuid4().hex
        service = found[call.name]
        try:
            problems = problems_in(call.arguments, validators[call.name])
            if problems:
                raise InvalidInput(problems=problems)
            answer = await service.answer(call.arguments, progress)
        except CodedError as error:
            return refused({"requestId": request_id, **error.to_dict(), "charged": False})
        data = {"Action": service.definition.action, "Elements": answer.elements, "Liveness": answer.liveness}
        return answered(request_id, {"data": data})

    words = {name: progress_words(service.definition) for name, service in found.items()}
    return agent_server(list(tools.values()), words, _GUIDE, work)


async def serve_over_stdio(server: Server[Any]) -> None:
    """Serve until the client closes standard input."""
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


async def _judged(video: str, provider: LocalProvider, progress: Progress) -> Answer:
    if video.startswith(("http://", "https://")):
        provider.check({"VideoUrl": video})
        return await provider.answer({"VideoUrl": video}, progress)
    judged = await provider.judge(await asyncio.to_thread(_file, video), progress)
    return Answer(elements=judged.elements, liveness=judged.liveness)


async def _judged_images(tasks: Sequence[Mapping[str, str]], provider: LocalImages, progress: Progress) -> Answer:
    """Judge images; files are passed as bytes, without their names."""
    given = [
        task if task["ImageURL"].startswith(("http://", "https://")) else await asyncio.to_thread(_packed, task)
        for task in tasks
    ]
    for place, task in enumerate(given):
        provider.check_task(place, task)
    return await provider.answer({"Tasks": given}, progress)


def _packed(task: Mapping[str, str]) -> dict[str, str]:
    """Read the picture of a path or `file:` URL, at most one byte over the size limit."""
    try:
        with _path(task["ImageURL"]).open("rb") as file:
            return {"ImageData": base64.b64encode(file.read(MAX_BYTES + 1)).decode()}
    except (OSError, ValueError, RuntimeError):
        raise FileUnreadable from None


def _file(named: str) -> Path:
    """The video file of a path or `file:` URL."""
    try:
        path = _path(named)
        sniff(path)
    except (OSError, ValueError, RuntimeError):
        raise FileUnreadable from None
    return path


def _path(named: str) -> Path:
    path = Path(url2pathname(urlsplit(named).path) if named.startswith("file://") else named).expanduser().absolute()
    if not path.is_file():  # reading a pipe or a device may never end
        raise FileNotFoundError
    return path
