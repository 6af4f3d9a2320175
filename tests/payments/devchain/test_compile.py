"""Tests of the contracts' compiled code."""

from __future__ import annotations

import json

import pytest

from alive402.payments.devchain.compile import CONTRACTS, artifact, compiled


@pytest.mark.parametrize("name", CONTRACTS)
def test_committed_artifact_equals_the_compiler_output(name: str) -> None:
    assert json.loads(artifact(name).read_text()) == compiled(name)
