"""Tests of the local MCP server: each tool is answered by its own service, with that service's inputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from alive402.catalog import LIVENESS
from alive402.intake.sandbox import Progress
from alive402.mcp.local import LocalService, local_server
from alive402.providers import Answer
from alive402.services import DEFINITIONS, SERVICES, on_this_machine

pytestmark = pytest.mark.anyio

LENGTH = dataclasses.replace(
    LIVENESS,
    id="video-length",
    aliases=(),
    tool_name="video_length",
    action="DetectLength",
    input_schema={
        **LIVENESS.input_schema,
        "properties": {**LIVENESS.input_schema["properties"], "Unit": {"enum": ["s", "ms"]}},
        "required": ["VideoUrl", "Unit"],
    },
    result=lambda report: f"{report['seconds']} s",
    output_schema={"type": "object", "properties": {"data": {"type": "object"}}, "required": ["data"]},
)
"""A third service that takes a `VideoUrl` and one more input."""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


async def measure(given: Mapping[str, Any], progress: Progress) -> Answer:
    progress("looking", 0.5)
    return Answer([{"Length": 3}], {"seconds": 3.0, **given})


async def test_video_service_is_answered_by_its_own_provider(tmp_path: Path) -> None:
    video = tmp_path / "face.mp4"
    video.write_bytes(b"no video: the engine of liveness would refuse it")
    ours = [*on_this_machine(SERVICES), LocalService(LENGTH, measure, {"VideoUrl": {"type": "string"}})]
    async with Client(local_server(ours)) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        asked = {"VideoUrl": str(video), "Unit": "s"}
        measured: Any = (await client.call_tool(LENGTH.tool_name, asked)).structured_content
        refused: Any = (await client.call_tool(LENGTH.tool_name, {"VideoUrl": str(video)})).structured_content
        judged: Any = (await client.call_tool(LIVENESS.tool_name, {"VideoUrl": str(video)})).structured_content
    assert set(tools) == {service.tool_name for service in (*DEFINITIONS, LENGTH)}
    assert measured["data"] == {
        "Action": "DetectLength",
        "Result": "3.0 s",
        "Elements": [{"Length": 3}],
        "Liveness": {"seconds": 3.0, **asked},
    }
    assert refused["code"] == "invalid_input"
    assert judged["code"] == "unsupported_video"


async def test_tool_has_every_input_of_its_service() -> None:
    tool_of = LocalService(LENGTH, measure, {"VideoUrl": {"type": "string", "description": "A path."}})
    async with Client(local_server([tool_of])) as client:
        (tool,) = (await client.list_tools()).tools
    assert tool.input_schema["properties"] == {
        "VideoUrl": {"type": "string", "description": "A path."},
        "Unit": {"enum": ["s", "ms"]},
    }
    assert tool.input_schema["required"] == ["VideoUrl", "Unit"]
    assert tool.input_schema["additionalProperties"] is False


async def test_null_and_empty_optional_arguments_are_absent(tmp_path: Path) -> None:
    optional = dataclasses.replace(LENGTH, input_schema={**LENGTH.input_schema, "required": ["VideoUrl"]})
    async with Client(local_server([LocalService(optional, measure, {})])) as client:
        (tool,) = (await client.list_tools()).tools
        for unit in (None, ""):
            asked = {"VideoUrl": "https://example.com/v.mp4", "Unit": unit}
            measured: Any = (await client.call_tool(LENGTH.tool_name, asked)).structured_content
            assert measured["data"]["Liveness"] == {"seconds": 3.0, "VideoUrl": asked["VideoUrl"]}
    assert tool.input_schema["required"] == ["VideoUrl", "Unit"]
    assert tool.input_schema["properties"]["Unit"] == {"enum": ["s", "ms", None]}


def test_every_service_is_answered_locally() -> None:
    assert [each.definition for each in on_this_machine(SERVICES)] == list(DEFINITIONS)
