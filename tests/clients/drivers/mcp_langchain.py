"""Calls the tool as a LangChain tool, made by langchain-mcp-adapters, with a prepaid token in the headers."""

import asyncio
import json
import os

from langchain_mcp_adapters.client import MultiServerMCPClient


async def main() -> None:
    headers = {"X-Payment-Token": os.environ["TOKEN"]}
    service = {"transport": "streamable_http", "url": os.environ["SERVICE"] + "/mcp", "headers": headers}
    tools = {tool.name: tool for tool in await MultiServerMCPClient({"alive402": service}).get_tools()}
    answer = await tools["video_face_liveness_detection"].ainvoke({"VideoUrl": os.environ["VIDEO_URL"]})
    text = answer if isinstance(answer, str) else answer[0]["text"]
    print(json.dumps({"verdict": json.loads(text)["data"]["Liveness"]["verdict"]}))


asyncio.run(main())
