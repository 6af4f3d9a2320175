"""Looks at the MCP server with the inspector's command line: tools, guide, and a call without payment."""

import json
import os
import subprocess

IS_ERROR = 5
"""What the inspector exits with when a result is an error."""


def said(*words: str, status: int = 0) -> dict:
    command = ["mcp-inspector", "--cli", os.environ["SERVICE"] + "/mcp", "--transport", "http", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == status, (done.stdout + done.stderr)[-2000:]
    return json.loads(done.stdout)


tool = "video_face_liveness_detection"
assert tool in {each["name"] for each in said("--method", "tools/list")["tools"]}
(guide,) = said("--method", "resources/read", "--uri", "alive402://guide")["contents"]
assert "x402" in guide["text"]
call = ["--method", "tools/call", "--tool-name", tool, "--tool-arg", "VideoUrl=http://example.com/v.mp4"]
unpaid = said(*call, status=IS_ERROR)
assert unpaid["structuredContent"]["code"] == "payment_required", unpaid
print(json.dumps({"code": "payment_required"}))
