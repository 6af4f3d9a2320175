"""Calls the service by Alibaba Cloud's Python SDK."""

import json
import os

from alibabacloud_facebody20191230.client import Client
from alibabacloud_facebody20191230.models import DetectVideoLivingFaceRequest
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_util.models import RuntimeOptions

client = Client(
    Config(
        access_key_id=os.environ["ACCESS_KEY_ID"],
        access_key_secret=os.environ["ACCESS_KEY_SECRET"],
        endpoint=os.environ["ENDPOINT"],
        protocol="http",
    )
)
request = DetectVideoLivingFaceRequest(video_url=os.environ["VIDEO_URL"])
answer = client.detect_video_living_face_with_options(request, RuntimeOptions(read_timeout=180_000))
assert 0 <= answer.body.data.elements[0].live_confidence <= 1
print(json.dumps({"verdict": answer.headers["x-alive402-verdict"]}))
