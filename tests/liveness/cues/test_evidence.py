"""Tests of the rule that turns a measured value into evidence."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from alive402.liveness.cues.evidence import ramp, silent

numbers = st.floats(-1000, 1000)


@given(value=numbers, other=numbers, nothing=numbers, certain=numbers)
def test_ramp_is_monotone_between_its_ends(value: float, other: float, nothing: float, certain: float) -> None:
    assume(abs(certain - nothing) > 1e-3)
    assert 0 <= ramp(value, nothing, certain) <= 1
    assert ramp(nothing, nothing, certain) == 0
    assert ramp(certain, nothing, certain) == 1
    nearer, farther = sorted((value, other), reverse=certain < nothing)
    assert ramp(nearer, nothing, certain) <= ramp(farther, nothing, certain)


def test_silent_cue_has_no_score() -> None:
    cue = silent("moire", "px", (0.0, 1.0), "The face is too small.")
    assert (cue.score, cue.weight, cue.value, cue.attack_type) == (None, 0.0, None, None)
