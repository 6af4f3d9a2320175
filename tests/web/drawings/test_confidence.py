"""Tests of the drawings of an answer: every mark lies on its drawing."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from alive402.web.drawings import CUE_TRACK, CURVE, bar, curve

shares = st.floats(0, 1)
values = st.floats(-1e6, 1e6)


@given(levels=st.lists(shares, min_size=1, max_size=30), step=st.floats(0, 2), threshold=shares)
def test_curve_stays_on_its_drawing(levels: list[float], step: float, threshold: float) -> None:
    drawing = curve([(step * place, level) for place, level in enumerate(levels)], threshold)
    dots = re.findall(r'cx="([-0-9.]+)" cy="([-0-9.]+)"', drawing)
    assert len(dots) == len(levels)
    assert all(0 <= float(x) <= CURVE[0] and 0 <= float(y) <= CURVE[1] for x, y in dots)
    assert "nan" not in drawing


@given(value=values | st.none(), ends=st.tuples(values, values))
def test_value_and_normal_range_keep_their_order(value: float | None, ends: tuple[float, float]) -> None:
    low, high = sorted(ends)
    drawn = bar(value, (low, high))
    assert -1e-6 <= drawn.low <= drawn.high <= CUE_TRACK + 1e-6
    assert (drawn.mark is None) is (value is None)
    if value is not None and drawn.mark is not None:
        assert -1e-6 <= drawn.mark <= CUE_TRACK + 1e-6
        assert value < low or drawn.mark >= drawn.low - 1e-6
        assert value > high or drawn.mark <= drawn.high + 1e-6
