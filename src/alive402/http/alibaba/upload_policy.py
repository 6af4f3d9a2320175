"""OSS upload policy: permission to upload one object, encoded for signing and read back from the form."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime

BUCKET = "alive402"
_MOMENT = "%Y-%m-%dT%H:%M:%S.000Z"


@dataclass(frozen=True, slots=True)
class Policy:
    """Which key may upload which object, and until when.

    Attributes:
        access_key_id: the access key that owns the upload.
        key: the object's name in the bucket.
        max_bytes: the largest file allowed.
        expires_at: in unix seconds.
    """

    access_key_id: str
    key: str
    max_bytes: int
    expires_at: int

    def encoded(self) -> str:
        """The policy as OSS's JSON in base64: the form's `policy` field, which is what gets signed."""
        conditions = [
            {"bucket": BUCKET},
            ["eq", "$OSSAccessKeyId", self.access_key_id],
            ["eq", "$key", self.key],
            ["content-length-range", 1, self.max_bytes],
        ]
        expiration = datetime.fromtimestamp(self.expires_at, UTC).strftime(_MOMENT)
        return base64.b64encode(json.dumps({"expiration": expiration, "conditions": conditions}).encode()).decode()

    @classmethod
    def read(cls, encoded: str) -> Policy:
        """Decode what `encoded` returned; the caller has already verified our signature."""
        said = json.loads(base64.b64decode(encoded))
        _, owner, name, size = said["conditions"]
        expires_at = datetime.strptime(said["expiration"], _MOMENT).replace(tzinfo=UTC)
        return cls(owner[2], name[2], size[2], int(expires_at.timestamp()))
