"""Reads the service as agentcash does: `discover` and `check`; neither pays."""

import json
import os
import subprocess

SERVICE = os.environ["SERVICE"]
TOOL = "/api/tools/video-face-liveness-detection"


def said(*words: str) -> dict:
    done = subprocess.run(["agentcash", *words, "--format", "json"], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


found = said("discover", SERVICE)
assert found["success"], found
listed = {each["path"]: (each.get("authMode"), each.get("price")) for each in found["data"]["endpoints"]}
assert listed[TOOL] == ("paid", "0.20 USD"), listed
assert listed["/api/tools/face-liveness-detection"] == ("paid", "0.05 USD"), listed
checked = said("check", SERVICE + TOOL)
(result,) = checked["data"]["results"]
assert result["estimatedPrice"] == "0.20 USD", result
assert "VideoUrl" in result["inputSchema"]["requestBody"]["properties"], result
print(json.dumps({"listed": len(listed)}))
