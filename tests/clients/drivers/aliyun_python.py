"""Calls the service by Alibaba Cloud's older Python SDK, aliyun-python-sdk-facebody."""

import json
import os

from aliyunsdkcore.client import AcsClient
from aliyunsdkfacebody.request.v20191230.DetectVideoLivingFaceRequest import DetectVideoLivingFaceRequest

client = AcsClient(os.environ["ACCESS_KEY_ID"], os.environ["ACCESS_KEY_SECRET"], "cn-shanghai", timeout=180)
request = DetectVideoLivingFaceRequest()
request.set_endpoint(os.environ["ENDPOINT"])
request.set_protocol_type("http")
request.set_accept_format("json")
request.set_VideoUrl(os.environ["VIDEO_URL"])
status, headers, body = client.get_response(request)[:3]
assert status == 200, body
assert 0 <= json.loads(body)["Data"]["Elements"][0]["LiveConfidence"] <= 1
print(json.dumps({"verdict": headers["x-alive402-verdict"]}))
