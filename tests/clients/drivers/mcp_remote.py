"""Calls the tool through mcp-remote, which relays a client's stdio to the service with a header of its own."""

import asyncio
import json
import os

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client


async def main() -> None:
    words = [os.environ["SERVICE"] + "/mcp", "--allow-http", "--header", "X-Payment-Token:${TOKEN}"]
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "TOKEN")}
    relay = StdioServerParameters(command="mcp-remote", args=words, env=environment)
    async with Client(stdio_client(relay), read_timeout_seconds=180) as client:
        assert "video_face_liveness_detection" in {tool.name for tool in (await client.list_tools()).tools}
        answer = await client.call_tool("video_face_liveness_detection", {"VideoUrl": os.environ["VIDEO_URL"]})
    assert not answer.is_error, answer
    print(json.dumps({"verdict": answer.structured_content["data"]["Liveness"]["verdict"]}))


asyncio.run(main())
