"""Reads the document with LangChain's OpenAPI toolkit, and pays by an API key with its requests tools."""

import json
import os
from pathlib import Path

from langchain_community.agent_toolkits.openapi.spec import reduce_openapi_spec
from langchain_community.agent_toolkits.openapi.toolkit import RequestsToolkit
from langchain_community.utilities.requests import TextRequestsWrapper

reduced = reduce_openapi_spec(json.loads(Path(os.environ["OPENAPI"]).read_text()))
(url,) = {each["url"] for each in reduced.servers}
(path,) = {
    name.split()[1]
    for name, _, _ in reduced.endpoints
    if name.startswith("POST") and name.endswith("/video-face-liveness-detection")
}
wrapper = TextRequestsWrapper(headers={"X-Api-Key": os.environ["API_KEY"]})
tools = RequestsToolkit(requests_wrapper=wrapper, allow_dangerous_requests=True).get_tools()
(post,) = [tool for tool in tools if tool.name == "requests_post"]
answer = post.run(json.dumps({"url": url + path, "data": {"VideoUrl": os.environ["VIDEO_URL"]}}))
print(json.dumps({"verdict": json.loads(answer)["data"]["Liveness"]["verdict"]}))
