"""Makes strict function tools of the MCP tools as the OpenAI Agents SDK does, and calls one as a model would.

A model must give every argument of a strict tool: it gives null for those that it has no value for.
"""

import asyncio
import json
import os

from agents import Agent, RunContextWrapper
from agents.mcp import MCPServerStreamableHttp, MCPUtil
from agents.tool_context import ToolContext


async def main() -> None:
    params = {"url": os.environ["SERVICE"] + "/mcp", "headers": {"X-Payment-Token": os.environ["TOKEN"]}}
    async with MCPServerStreamableHttp(params, client_session_timeout_seconds=180) as server:
        agent = Agent(name="buyer", mcp_servers=[server])
        made = await MCPUtil.get_all_function_tools([server], True, RunContextWrapper(None), agent)
        tools = {tool.name: tool for tool in made}
        assert all(tool.strict_json_schema for tool in made), [tool.name for tool in made]
        tool = tools["video_face_liveness_detection"]
        names = tool.params_json_schema["properties"]
        assert set(tool.params_json_schema["required"]) == set(names)
        arguments = json.dumps({**dict.fromkeys(names), "VideoUrl": os.environ["VIDEO_URL"]})
        context = ToolContext(None, tool_name=tool.name, tool_call_id="1", tool_arguments=arguments)
        answer = await tool.on_invoke_tool(context, arguments)
    told = json.loads(answer) if isinstance(answer, str) else answer
    text = told["text"] if "text" in told else json.dumps(told)
    print(json.dumps({"verdict": json.loads(text)["data"]["Liveness"]["verdict"]}))


asyncio.run(main())
