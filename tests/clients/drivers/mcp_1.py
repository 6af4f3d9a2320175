"""Calls the tool by the Python package mcp 1, with a prepaid token in the connection's headers."""

import asyncio
import json
import os

from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client


async def main() -> None:
    headers = {"X-Payment-Token": os.environ["TOKEN"]}
    async with (
        streamablehttp_client(os.environ["SERVICE"] + "/mcp", headers=headers) as (read, write, _),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        assert "video_face_liveness_detection" in {tool.name for tool in (await session.list_tools()).tools}
        guide = (await session.read_resource("alive402://guide")).contents[0].text
        assert "x402" in guide
        answer = await session.call_tool("video_face_liveness_detection", {"VideoUrl": os.environ["VIDEO_URL"]})
    assert not answer.isError, answer
    print(json.dumps({"verdict": answer.structuredContent["data"]["Liveness"]["verdict"]}))


asyncio.run(main())
