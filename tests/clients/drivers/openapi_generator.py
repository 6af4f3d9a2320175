"""Generates a Python client with openapi-generator and pays with it by an API key."""

import json
import os
import subprocess
import sys

command = ["openapi-generator-cli", "generate", "-g", "python", "-i", os.environ["OPENAPI"], "-o", "made"]
done = subprocess.run(command, capture_output=True, text=True, timeout=200)
assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
sys.path.insert(0, "made")
import openapi_client  # noqa: E402

configuration = openapi_client.Configuration(host=os.environ["SERVICE"])
with openapi_client.ApiClient(configuration) as http:
    http.default_headers["X-Api-Key"] = os.environ["API_KEY"]
    services = openapi_client.ServicesApi(http)
    body = openapi_client.VideoFaceLivenessDetectionRequest.from_dict({"VideoUrl": os.environ["VIDEO_URL"]})
    answer = services.video_face_liveness_detection(body)
print(json.dumps({"verdict": answer.to_dict()["data"]["Liveness"]["verdict"]}))
