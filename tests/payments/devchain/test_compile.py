"""Tests of the token's compiled code."""

from __future__ import annotations

import json

from alive402.payments.devchain.compile import ARTIFACT, compiled


def test_committed_artifact_equals_the_compiler_output() -> None:
    assert json.loads(ARTIFACT.read_text()) == compiled()
