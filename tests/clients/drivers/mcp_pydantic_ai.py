"""Calls the tool by an agent of Pydantic AI; a script stands in for the model, so nothing leaves the machine."""

import json
import os

from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

TOOL = "video_face_liveness_detection"
answers = []


def model(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    returned = [part for part in messages[-1].parts if isinstance(part, ToolReturnPart)]
    if returned:
        answers.append(returned[0].content)
        return ModelResponse(parts=[TextPart("done")])
    assert TOOL in {tool.name for tool in info.function_tools}
    return ModelResponse(parts=[ToolCallPart(TOOL, {"VideoUrl": os.environ["VIDEO_URL"]})])


headers = {"X-Payment-Token": os.environ["TOKEN"]}
toolset = MCPToolset(os.environ["SERVICE"] + "/mcp", headers=headers, read_timeout=180)
Agent(FunctionModel(model), toolsets=[toolset]).run_sync("Was this face filmed from life?")
answer = json.loads(answers[0]) if isinstance(answers[0], str) else answers[0]
print(json.dumps({"verdict": answer["data"]["Liveness"]["verdict"]}))
