"""Calls the tool by mcp-use's client, with a prepaid token in the connection's headers."""

import asyncio
import json
import os

from mcp_use import MCPClient


async def main() -> None:
    service = {"url": os.environ["SERVICE"] + "/mcp", "headers": {"X-Payment-Token": os.environ["TOKEN"]}}
    client = MCPClient.from_dict({"mcpServers": {"alive402": service}})
    session = await client.create_session("alive402")
    try:
        assert "video_face_liveness_detection" in {tool.name for tool in await session.list_tools()}
        answer = await session.call_tool("video_face_liveness_detection", {"VideoUrl": os.environ["VIDEO_URL"]})
        print(json.dumps({"verdict": json.loads(answer.content[0].text)["data"]["Liveness"]["verdict"]}))
    finally:
        await client.close_all_sessions()


asyncio.run(main())
