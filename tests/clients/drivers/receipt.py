"""Verifies an answer's signed verdict, by PyJWT or by joserfc, with the keys that the service publishes."""

import json
import os
import sys

import httpx
import jwt
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet

url, key = os.environ["SERVICE"], {"X-Api-Key": os.environ["API_KEY"]}
body = {"VideoUrl": os.environ["VIDEO_URL"]}
answer = httpx.post(f"{url}/api/tools/video-face-liveness-detection", json=body, headers=key, timeout=180).json()
receipt, published = answer["data"]["Receipt"], f"{url}/.well-known/jwks.json"
if sys.argv[1] == "pyjwt":
    claims = jwt.decode(receipt, jwt.PyJWKClient(published).get_signing_key_from_jwt(receipt))
else:
    keys = KeySet.import_key_set(httpx.get(published).json())
    claims = joserfc_jwt.decode(receipt, keys, algorithms=["EdDSA"]).claims
assert claims["requestId"] == answer["requestId"], claims
print(json.dumps({"verdict": claims["verdict"]}))
