"""Tests of the contracts' compiled code."""

from __future__ import annotations

import json

from alive402.payments.devchain.compile import CONTRACTS, HERE, artifact_of, compiled, storage


def test_committed_artifacts_equal_the_compiler_output() -> None:
    assert {name: json.loads(artifact_of(name).read_text()) for name in CONTRACTS} == compiled()


def test_every_source_is_compiled() -> None:
    assert {path.stem for path in HERE.glob("*.vy")} == {*CONTRACTS, "dollar"}


def test_both_forms_of_the_token_work_on_the_same_storage() -> None:
    one, other = storage("token", "token_bytes")
    assert one == other
    assert "balanceOf" in json.dumps(one)
