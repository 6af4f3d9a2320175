"""Calls the tool by FastMCP's client, with a prepaid token in the connection's headers."""

import asyncio
import json
import os

from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport


async def main() -> None:
    headers = {"X-Payment-Token": os.environ["TOKEN"]}
    transport = StreamableHttpTransport(os.environ["SERVICE"] + "/mcp", headers=headers)
    async with Client(transport, timeout=180) as client:
        assert "video_face_liveness_detection" in {tool.name for tool in await client.list_tools()}
        answer = await client.call_tool("video_face_liveness_detection", {"VideoUrl": os.environ["VIDEO_URL"]})
    print(json.dumps({"verdict": answer.structured_content["data"]["Liveness"]["verdict"]}))


asyncio.run(main())
