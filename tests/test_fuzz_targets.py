"""Tests of the targets of `make fuzz-parsers`, on their seeds, on every finding, and on a few mutations."""

from __future__ import annotations

import pytest
from fuzz.__main__ import NAMES
from fuzz.targets import FOUND, TARGETS, seeds
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CHANGES = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8)


def test_command_lists_every_target() -> None:
    assert set(NAMES) == set(TARGETS)
    assert {path.name for path in FOUND.iterdir()} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_seeds_and_findings_pass(name: str) -> None:
    given_seeds = list(seeds(name))
    assert given_seeds
    for seed in given_seeds:
        TARGETS[name](seed)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_mutations_pass(name: str, data: st.DataObject) -> None:
    changed = bytearray(data.draw(st.sampled_from(list(seeds(name)))))
    for place, value in data.draw(CHANGES):
        if changed:
            changed[int(place * len(changed))] = value
    TARGETS[name](bytes(changed[: data.draw(st.integers(0, len(changed)))] if data.draw(st.booleans()) else changed))
