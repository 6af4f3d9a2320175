"""Calls the tool by the Python package mcp 2, with a prepaid token in the arguments, in both protocol eras."""

import asyncio
import json
import os

from mcp import Client


async def main() -> None:
    url = os.environ["SERVICE"] + "/mcp"
    async with Client(url, mode="legacy") as old:
        assert (await old.list_tools()).tools
    async with Client(url, read_timeout_seconds=180) as client:
        assert "video_face_liveness_detection" in {tool.name for tool in (await client.list_tools()).tools}
        guide = (await client.read_resource("alive402://guide")).contents[0].text
        assert "x402" in guide
        arguments = {"VideoUrl": os.environ["VIDEO_URL"], "paymentToken": os.environ["TOKEN"]}
        answer = await client.call_tool("video_face_liveness_detection", arguments)
    assert not answer.is_error, answer
    print(json.dumps({"verdict": answer.structured_content["data"]["Liveness"]["verdict"]}))


asyncio.run(main())
