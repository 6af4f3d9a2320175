"""Checks the OpenAPI document with spectral's rules for OpenAPI."""

import json
import os
import subprocess
from pathlib import Path

Path(".spectral.json").write_text(json.dumps({"extends": ["spectral:oas"]}))
Path("openapi.json").write_text(Path(os.environ["OPENAPI"]).read_text())
command = ["spectral", "lint", "openapi.json", "-r", ".spectral.json", "-f", "json"]
done = subprocess.run(command, capture_output=True, text=True, timeout=200)
found = json.loads(done.stdout[: done.stdout.rindex("]") + 1])
assert [each for each in found if each["severity"] == 0] == []
print(json.dumps({"warnings": len(found)}))
