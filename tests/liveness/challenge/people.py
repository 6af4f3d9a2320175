"""Made-up people who answer challenges: curves of yaw, pitch and mouth with noise as it was measured on live clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alive402.liveness.challenge import Challenge, Signals, Step, packaged

Doubles = npt.NDArray[np.float64]
NOISE = {"yaw": 0.3, "pitch": 0.4, "mouth": 0.0015}
"""Standard deviations that give the median noise of docs/challenge.md (median absolute second difference)."""


@dataclass(frozen=True, slots=True)
class Person:
    """How somebody answers: seconds until the peak after a cue, seconds of the movement, its size in thresholds."""

    reaction: float = 1.1
    lasts: float = 1.2
    size: float = 2.0
    fps: float = 8.0
    delay: float = 0.0


def answer(steps: Sequence[Step], seconds: float, rng: np.random.Generator, person: Person = Person()) -> Signals:
    """The curves of a person who makes each step once, as long as the clip lasts."""
    times = np.arange(0.0, seconds, 1.0 / person.fps)
    curves = {name: rng.normal(0.0, noise, len(times)) for name, noise in NOISE.items()}
    for step in steps:
        limit = packaged().movements[step.kind]
        apart = (times - (step.at + person.reaction + person.delay)) / (person.lasts / 2)
        bump = np.where(np.abs(apart) < 1, 0.5 * (1 + np.cos(np.pi * apart)), 0.0)
        curves[limit.signal] += limit.sign * limit.threshold * person.size * bump
    return Signals(
        times=times,
        yaw=curves["yaw"],
        pitch=curves["pitch"],
        mouth=np.abs(curves["mouth"]) + 0.01,
        size=np.full(len(times), 4.0) + rng.normal(0.0, 0.003, len(times)),
        centre=np.full((len(times), 2), 5.0) + rng.normal(0.0, 0.01, (len(times), 2)),
    )


def joined(one: Signals, other: Signals, at: float) -> Signals:
    """The first clip up to `at` seconds, the second one from there on."""
    first, second = one.times < at, other.times >= at

    def both(a: Doubles, b: Doubles) -> Doubles:
        return np.concatenate([a[first], b[second]])

    return Signals(
        both(one.times, other.times),
        both(one.yaw, other.yaw),
        both(one.pitch, other.pitch),
        both(one.mouth, other.mouth),
        both(one.size, other.size),
        both(one.centre, other.centre),
    )


def moved(signals: Signals, x: float, larger: float) -> Signals:
    """The same take with the camera elsewhere: the face `x` half-widths to the right, and `larger` (logarithm)."""
    return Signals(
        signals.times,
        signals.yaw,
        signals.pitch,
        signals.mouth,
        signals.size + larger,
        signals.centre + np.array([x, 0.0]),
    )


def challenge(seed: int) -> Challenge:
    """The default challenge of a seed."""
    return Challenge.new(f"challenge-{seed}", seed.to_bytes(16, "big"))
