"""The freshness challenge: draws movements that a person has to make, and checks that a clip shows exactly these.

Pure functions on frozen values: no clock, no files of others, no random source but the seed. Only the kind `move` is
built. Nothing here detects an attack: the passive judge does that, and `live` needs both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.liveness.challenge.answer import capped, check_clip, judge, verify
    from alive402.liveness.challenge.continuity import Continuity, find_breaks, picture_jumps
    from alive402.liveness.challenge.fitted import Limits, packaged
    from alive402.liveness.challenge.fitting import MovementFit, ThresholdFit, fit_thresholds
    from alive402.liveness.challenge.movements import Movement, find_movements
    from alive402.liveness.challenge.signals import Signals, read
    from alive402.liveness.challenge.steps import (
        KINDS,
        Challenge,
        ChallengeOptions,
        MovementKind,
        Step,
        draw,
        drawn_bits,
    )
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "answer": ["capped", "check_clip", "judge", "verify"],
            "continuity": ["Continuity", "find_breaks", "picture_jumps"],
            "fitted": ["Limits", "packaged"],
            "fitting": ["MovementFit", "ThresholdFit", "fit_thresholds"],
            "movements": ["Movement", "find_movements"],
            "signals": ["Signals", "read"],
            "steps": ["KINDS", "Challenge", "ChallengeOptions", "MovementKind", "Step", "draw", "drawn_bits"],
        },
    )

__all__ = [
    "KINDS",
    "Challenge",
    "ChallengeOptions",
    "Continuity",
    "Limits",
    "Movement",
    "MovementFit",
    "MovementKind",
    "Signals",
    "Step",
    "ThresholdFit",
    "capped",
    "check_clip",
    "draw",
    "drawn_bits",
    "find_breaks",
    "find_movements",
    "fit_thresholds",
    "judge",
    "packaged",
    "picture_jumps",
    "read",
    "verify",
]
