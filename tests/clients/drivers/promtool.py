"""Checks the service's metrics with Prometheus' promtool."""

import json
import os
import subprocess
import urllib.request

with urllib.request.urlopen(os.environ["SERVICE"] + "/metrics") as answer:
    metrics = answer.read()
done = subprocess.run(["promtool", "check", "metrics"], input=metrics, capture_output=True, timeout=60)
told = (done.stdout + done.stderr).decode()
assert done.returncode == 0, told
assert not told.strip(), told
print(json.dumps({"lines": metrics.count(b"\n")}))
