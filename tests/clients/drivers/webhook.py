"""Receives the callback of a job and verifies its signature by standardwebhooks."""

import http.server
import json
import os

import httpx
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

heard = []


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        heard.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *_words: object) -> None:
        pass


with http.server.HTTPServer(("127.0.0.1", 0), Receiver) as server:
    server.timeout = 100
    callback = f"http://127.0.0.1:{server.server_address[1]}/"
    headers = {"X-Api-Key": os.environ["API_KEY"], "Prefer": "respond-async", "X-Callback-Url": callback}
    url, body = (
        os.environ["SERVICE"] + "/api/tools/video-face-liveness-detection",
        {"VideoUrl": os.environ["VIDEO_URL"]},
    )
    asked = httpx.post(url, json=body, headers=headers, timeout=60)
    assert asked.status_code == 202, asked.text
    server.handle_request()
((sent, posted),) = heard
job = Webhook(asked.json()["callbackSecret"]).verify(posted, {name.lower(): value for name, value in sent.items()})
try:
    Webhook("whsec_" + "A" * 32).verify(posted, {name.lower(): value for name, value in sent.items()})
except WebhookVerificationError:
    print(json.dumps({"verdict": job["result"]["data"]["Liveness"]["verdict"]}))
