"""Checks the OpenAPI document with redocly's default rules."""

import json
import os
import shutil
import subprocess

shutil.copy(os.environ["OPENAPI"], "openapi.json")
quiet = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
command = ["redocly", "lint", "openapi.json", "--format=json"]
done = subprocess.run(command, capture_output=True, text=True, timeout=200, env=quiet)
problems = json.loads(done.stdout)["problems"]
assert [each for each in problems if each["severity"] == "error"] == []
# Those of its warnings that are about truth, not about style.
assert [each for each in problems if "example" in each["ruleId"]] == []
print(json.dumps({"warnings": len(problems)}))
