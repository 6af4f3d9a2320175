"""Tests of the operator's bar charts: bars of a readable width, and labels that do not overlap."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from alive402.web.drawings import BARS, bars

amounts = st.lists(st.just(0.0) | st.floats(0.01, 1e6), min_size=1, max_size=90)


@given(amounts)
def test_bars_stay_on_their_drawing(levels: list[float]) -> None:
    drawing = str(bars([(f"day {place}", {"income": level}) for place, level in enumerate(levels)], ["income"]))
    drawn = re.findall(r'<rect[^>]* x="([-0-9.]+)" y="([-0-9.]+)" width="([-0-9.]+)" height="([-0-9.]+)"', drawing)
    assert len(drawn) == sum(level > 0 for level in levels)
    for x, y, width, height in (map(float, each) for each in drawn):
        assert 0 <= x <= x + width <= BARS[0]
        assert 0 <= y <= y + height <= BARS[1]


def test_one_day_is_a_bar_and_not_the_whole_page() -> None:
    drawing = str(bars([("2026-11-29", {"income": 3.2})], ["income"]))
    (width,) = re.findall(r'<rect[^>]* width="([0-9.]+)"', drawing)
    assert float(width) < BARS[0] / 10
    assert drawing.count("2026-11-29</text>") == 1


def test_few_bars_have_one_label_and_many_have_two() -> None:
    def labels(count: int) -> int:
        return len(re.findall(r"day \d+</text>", str(bars([(f"day {n}", {"a": 1.0}) for n in range(count)], ["a"]))))

    assert [labels(count) for count in (1, 3, 24, 90)] == [1, 1, 2, 2]
