"""Tests of what an answer costs where less than the price can be settled."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from alive402.catalog import IMAGE_LIVENESS, LIVENESS


def data(*verdicts: str | None) -> dict[str, Any]:
    return {"Liveness": {"images": [{"verdict": verdict} for verdict in verdicts]}}


@pytest.mark.parametrize(
    ("verdicts", "tenths"),
    [
        (["live"], 1),
        (["live", None, "spoof"], 2),
        (["live"] * 10, 10),
        # No answer is free, and none costs more than was signed.
        ([None], 1),
        (["live"] * 11, 10),
    ],
)
def test_pictures_cost_a_share_of_the_price(verdicts: list[str | None], tenths: int) -> None:
    assert IMAGE_LIVENESS.share_of(data(*verdicts)) == Fraction(tenths, 10)


def test_video_costs_the_price() -> None:
    assert LIVENESS.share_of({"Liveness": {}}) == 1
