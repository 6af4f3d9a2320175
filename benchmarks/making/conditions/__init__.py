"""All conditions by name, the control first."""

from __future__ import annotations

import numpy as np

from benchmarks.making.conditions.condition import CONTROL, Condition
from benchmarks.making.conditions.covered import COVERED
from benchmarks.making.conditions.detail import DETAIL
from benchmarks.making.conditions.encodings import ENCODINGS
from benchmarks.making.conditions.framing import FRAMING
from benchmarks.making.conditions.geometry import GEOMETRY
from benchmarks.making.conditions.graphics import GRAPHICS
from benchmarks.making.conditions.light import LIGHT
from benchmarks.making.conditions.varying import VARYING
from benchmarks.making.footage import Footage

CONDITIONS = {
    one.name: one for one in (CONTROL, *LIGHT, *DETAIL, *ENCODINGS, *VARYING, *GEOMETRY, *FRAMING, *COVERED, *GRAPHICS)
}


def altered(condition: Condition, footage: Footage, seed: int = 402) -> Footage:
    """Apply a condition to footage; reproducible for the same seed, condition and footage."""
    # The name is part of the seed, so that conditions have independent random numbers.
    return condition.alter(footage, np.random.default_rng([seed, *condition.name.encode()]))
