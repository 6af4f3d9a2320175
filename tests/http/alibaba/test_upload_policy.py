"""Tests of the OSS upload policy."""

from __future__ import annotations

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from alive402.http.alibaba.upload_policy import BUCKET, Policy

POLICIES = st.builds(
    Policy,
    access_key_id=st.text(max_size=40),
    key=st.text(max_size=80),
    max_bytes=st.integers(1, 10**12),
    expires_at=st.integers(0, 253_402_300_799),
)


@given(POLICIES)
def test_policy_is_read_back(policy: Policy) -> None:
    assert Policy.read(policy.encoded()) == policy


def test_policy_has_the_format_of_oss() -> None:
    encoded = Policy("LTAI1", "a/b.mp4", 30, 1_767_225_600).encoded()
    assert json.loads(base64.b64decode(encoded)) == {
        "expiration": "2026-01-01T00:00:00.000Z",
        "conditions": [
            {"bucket": BUCKET},
            ["eq", "$OSSAccessKeyId", "LTAI1"],
            ["eq", "$key", "a/b.mp4"],
            ["content-length-range", 1, 30],
        ],
    }
