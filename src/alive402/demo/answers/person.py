"""A made-up person who answers a challenge: when they react, how far they move, how they sway and blink.

The times are those of the design's model: a reaction of 0.6 s (standard deviation 0.2) and a rise of 0.5 s (0.15). The
sizes, the way back, sway and blinks are assumed; nobody was filmed who was asked to move.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alive402.demo.answers.head import Pose
from alive402.liveness import Challenge

Doubles = npt.NDArray[np.float64]
Normal = tuple[float, float]

AXES: dict[str, tuple[str, float]] = {
    "turn_left": ("yaw", 1.0),
    "turn_right": ("yaw", -1.0),
    "look_up": ("pitch", 1.0),
    "look_down": ("pitch", -1.0),
    "open_mouth": ("mouth", 1.0),
}
SHORTEST_REACTION, SHORTEST_MOVE = 0.25, 0.2
"""Seconds."""
LEAST_SIZE = 0.7
"""Share of the usual size below which nobody moves who was asked."""
SWAY = {"yaw": 1.2, "pitch": 0.9, "roll": 0.8, "x": 0.015, "y": 0.015}
"""Standard deviations of a head that keeps still: degrees, and half-widths of the face."""
SLOWEST, FASTEST, WAVES = 0.15, 0.8, 8
"""Hz of the sway, and how many waves make it."""
BLINK_SECONDS, BETWEEN_BLINKS = 0.3, (2.0, 6.0)


@dataclass(frozen=True, slots=True)
class Person:
    """How somebody moves: mean and standard deviation of each figure.

    Attributes:
        reaction: seconds from the prompt to the beginning of the movement.
        rise: seconds from there to its peak.
        hold: seconds at the peak.
        back: seconds from there to the rest.
        yaw, pitch: degrees.
        mouth: distances of the outer eye corners.
    """

    reaction: Normal = (0.6, 0.2)
    rise: Normal = (0.5, 0.15)
    hold: Normal = (0.15, 0.05)
    back: Normal = (0.45, 0.1)
    yaw: Normal = (32.0, 4.0)
    pitch: Normal = (27.0, 4.0)
    mouth: Normal = (0.32, 0.05)


def perform(challenge: Challenge, times: Doubles, rng: np.random.Generator, person: Person = Person()) -> list[Pose]:
    """The head's pose at each of the times, in seconds after the challenge's zero, of a person who makes its steps."""
    curves = {name: sway * _waves(times, rng) for name, sway in SWAY.items()}
    curves |= {"mouth": np.zeros(len(times)), "lids": _blinks(times, rng)}
    for step in challenge.steps:
        axis, sign = AXES[step.kind]
        usual, spread = getattr(person, axis)
        size = max(float(rng.normal(usual, spread)), LEAST_SIZE * usual)
        begins = step.at + max(float(rng.normal(*person.reaction)), SHORTEST_REACTION)
        rise, hold, back = (
            max(float(rng.normal(*each)), SHORTEST_MOVE) for each in (person.rise, person.hold, person.back)
        )
        peak = begins + rise
        out = np.clip((times - begins) / rise, 0, 1) - np.clip((times - peak - hold) / back, 0, 1)
        curves[axis] = curves[axis] + sign * size * 0.5 * (1 - np.cos(np.pi * out))
    names = list(curves)
    return [Pose(**dict(zip(names, map(float, row), strict=True))) for row in zip(*curves.values(), strict=True)]


def _waves(times: Doubles, rng: np.random.Generator) -> Doubles:
    """Smooth motion of unit variance."""
    frequencies = np.exp(rng.uniform(np.log(SLOWEST), np.log(FASTEST), WAVES))
    phases = rng.uniform(0, 2 * np.pi, WAVES)
    swings = np.sin(2 * np.pi * np.outer(times, frequencies) + phases)
    return np.asarray(swings.sum(axis=1) * np.sqrt(2 / WAVES), np.float64)


def _blinks(times: Doubles, rng: np.random.Generator) -> Doubles:
    """0 open to 1 closed."""
    closed, at = np.zeros(len(times)), float(times[0] + rng.uniform(*BETWEEN_BLINKS))
    while at < times[-1]:
        closed = np.maximum(closed, np.clip(1 - np.abs(times - at) / (BLINK_SECONDS / 2), 0, 1))
        at += float(rng.uniform(*BETWEEN_BLINKS))
    return closed
