"""Inline SVG drawings of the pages: confidence over time, values against their range, bars, and movements."""

from __future__ import annotations

from alive402.web.drawings.bars import BARS, bars
from alive402.web.drawings.confidence import CUE_TRACK, CURVE, CueBar, bar, curve
from alive402.web.drawings.movements import ShownFreshness, shown_freshness

__all__ = ["BARS", "CUE_TRACK", "CURVE", "CueBar", "ShownFreshness", "bar", "bars", "curve", "shown_freshness"]
