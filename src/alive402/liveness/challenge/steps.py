"""The steps of a challenge: what is asked, when, and how they are drawn from a secret seed."""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

MovementKind = Literal["turn_left", "turn_right", "look_up", "look_down", "open_mouth"]
KINDS: tuple[MovementKind, ...] = get_args(MovementKind)
"""Left and right are the person's own, in a file that is not mirrored."""
Pace = Literal["normal", "slow"]
WINDOW_SECONDS: Mapping[Pace, float] = {"normal": 2.0, "slow": 4.0}
MOST_GAP = 1.5
"""Most seconds of pause between two steps."""
LEAD_SECONDS = 1.2
"""Seconds of looking straight ahead before the first step; the movements are measured against this rest."""
TAIL_SECONDS = 1.0
"""Seconds after the last window, in which the face comes back to rest."""
FEWEST_STEPS, MOST_STEPS, MOST_DRAWN = 3, 8, 10
FEWEST_KINDS = 3
TICK = 0.01
"""Seconds; pauses are multiples of it."""
LONGEST = 60.0
"""Seconds; a longer clip is refused anyway."""
MOVE = "move"
FILMING: Mapping[str, Any] = {
    "width": 640,
    "height": 480,
    "frameRate": 30,
    "bitsPerSecond": 2_500_000,
    "mimeTypes": ["video/webm;codecs=vp8", "video/webm;codecs=vp9", "video/webm", "video/mp4"],
}
"""How a page films the answer to any challenge; the first of `mimeTypes` that the browser can record."""


def orders(kinds: int, steps: int) -> int:
    """How many orders of `steps` movements there are if none follows itself."""
    return int(kinds * (kinds - 1) ** (steps - 1))


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        kind: what is asked, one of `KINDS`.
        at: seconds from the first frame at which it is asked.
        seconds: length of the window in which it has to be made.
    """

    kind: MovementKind
    at: float
    seconds: float

    @property
    def ends(self) -> float:
        """Seconds at which the window closes."""
        return self.at + self.seconds


@dataclass(frozen=True, slots=True)
class ChallengeOptions:
    """What may be drawn.

    Attributes:
        steps: how many; more are drawn where `avoid` leaves fewer kinds, for the same number of orders.
        avoid: movements that the person cannot make.
        pace: `slow` doubles the windows (WCAG 2.2.1, timing adjustable).

    Raises:
        ValueError: an unknown movement or pace, or too few or too many steps.
    """

    steps: int = 5
    avoid: tuple[str, ...] = ()
    pace: Pace = "normal"

    def __post_init__(self) -> None:
        if not FEWEST_STEPS <= self.steps <= MOST_STEPS:
            raise ValueError(f"A challenge has {FEWEST_STEPS} to {MOST_STEPS} steps, not {self.steps}.")
        if self.pace not in WINDOW_SECONDS:
            raise ValueError(f"The pace is normal or slow, not {self.pace}.")
        for kind in self.avoid:
            if kind not in KINDS:
                raise ValueError(f"There is no movement {kind}. Known: {', '.join(KINDS)}.")
        if len(self.kinds) < FEWEST_KINDS:
            raise ValueError(f"At most {len(KINDS) - FEWEST_KINDS} movements can be avoided.")
        if self.drawn > MOST_DRAWN:
            raise ValueError(f"Without these movements it takes {self.drawn} steps; at most {MOST_DRAWN} are asked.")

    @property
    def kinds(self) -> tuple[MovementKind, ...]:
        """The movements that may be asked."""
        return tuple(kind for kind in KINDS if kind not in self.avoid)

    @property
    def drawn(self) -> int:
        """How many steps are drawn: the least number with as many orders as `steps` of all kinds have."""
        asked, count = orders(len(KINDS), self.steps), self.steps
        while orders(len(self.kinds), count) < asked:
            count += 1
        return count


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge as the page shows it and the engine checks it.

    Attributes:
        challenge_id: names it.
        steps: in time order; no two windows overlap.
        lead: seconds of rest before the first step; 0 where nobody was asked to rest.
        seconds: length that the clip has to have.
        bits: binary logarithm of the number of equally likely orders. The random pauses add to it and are not counted.
        kind: `move`; other kinds are not built.
        strict: a clip that cannot show the answer is refused, rather than judged `unclear`.
    """

    challenge_id: str
    steps: tuple[Step, ...]
    lead: float
    seconds: float
    bits: float
    kind: str = MOVE
    strict: bool = False

    @classmethod
    def new(cls, challenge_id: str, seed: bytes, options: ChallengeOptions = ChallengeOptions()) -> Challenge:
        """Draw a challenge from a secret seed of at least 16 bytes; the same seed and options draw the same steps."""
        steps = draw(seed, options)
        seconds = round(steps[-1].ends + TAIL_SECONDS, 2)
        return cls(challenge_id, steps, LEAD_SECONDS, seconds, drawn_bits(options))

    def to_dict(self) -> dict[str, Any]:
        """The challenge as JSON-ready data."""
        return {
            "challengeId": self.challenge_id,
            "kind": self.kind,
            "bits": self.bits,
            "steps": [{"kind": step.kind, "at": step.at, "seconds": step.seconds} for step in self.steps],
            "capture": {"seconds": self.seconds, "lead": self.lead},
        }

    def filming(self) -> dict[str, Any]:
        """How a page films the answer: the `capture` of `to_dict`, and `FILMING`."""
        return {"seconds": self.seconds, "lead": self.lead, **FILMING}

    @classmethod
    def from_dict(cls, data: Any) -> Challenge:
        """Read what `to_dict` wrote; other members are ignored.

        Raises:
            ValueError: it is not a challenge that this engine can check; the message says why.
        """
        if not isinstance(data, dict):
            raise ValueError("A challenge is a JSON object.")
        if data.get("kind") != MOVE:
            raise ValueError(f"This engine checks challenges of the kind {MOVE}, not {data.get('kind')!r}.")
        name, listed, capture = data.get("challengeId"), data.get("steps"), data.get("capture")
        if not isinstance(name, str) or not 0 < len(name) <= 128:
            raise ValueError("challengeId has to be a text of 1 to 128 characters.")
        if not isinstance(listed, list) or not 0 < len(listed) <= MOST_DRAWN:
            raise ValueError(f"steps has to be a list of 1 to {MOST_DRAWN} steps.")
        if not isinstance(capture, dict):
            raise ValueError("capture has to be an object with seconds and lead.")
        steps = tuple(_step(one) for one in listed)
        lead, seconds = _number(capture, "lead", 0.0, 10.0), _number(capture, "seconds", 0.0, LONGEST)
        if any(after.at < before.ends - 1e-6 for before, after in zip((None, *steps), steps, strict=False) if before):
            raise ValueError("The steps have to be in time order, and their windows must not overlap.")
        if steps[0].at < lead - 1e-6 or seconds < steps[-1].ends - 1e-6:
            raise ValueError("The steps have to begin after the lead and to end before the clip does.")
        return cls(name, steps, lead, seconds, _number(data, "bits", 0.0, _bits(len(KINDS), len(steps))))


def drawn_bits(options: ChallengeOptions) -> float:
    """Binary logarithm of the number of orders, rounded down to a tenth."""
    return _bits(len(options.kinds), options.drawn)


def _bits(kinds: int, steps: int) -> float:
    return math.floor(10 * math.log2(orders(kinds, steps))) / 10


def draw(seed: bytes, options: ChallengeOptions = ChallengeOptions()) -> tuple[Step, ...]:
    """Draw the steps: each order of movements is equally likely, each pause is uniform in 0 to 1.5 s.

    The numbers are HMAC-SHA256 of a counter under the seed, by rejection sampling, so that none is favoured.

    Raises:
        ValueError: the seed has fewer than 16 bytes.
    """
    if len(seed) < 16:
        raise ValueError("The seed of a challenge needs at least 16 bytes.")
    numbers = _numbers(seed)
    window, at = WINDOW_SECONDS[options.pace], LEAD_SECONDS
    steps: list[Step] = []
    for place in range(options.drawn):
        if place:
            at += window + _below(numbers, round(MOST_GAP / TICK) + 1) * TICK
        left = [kind for kind in options.kinds if not steps or kind != steps[-1].kind]
        steps.append(Step(left[_below(numbers, len(left))], round(at, 2), window))
    return tuple(steps)


def _numbers(seed: bytes) -> Iterator[int]:
    """Random integers of 32 bits."""
    counter = 0
    while True:
        block = hmac.digest(seed, b"alive402 challenge " + counter.to_bytes(8, "big"), hashlib.sha256)
        yield from (int.from_bytes(block[place : place + 4], "big") for place in range(0, len(block), 4))
        counter += 1


def _below(numbers: Iterator[int], bound: int) -> int:
    """A number in 0 to bound - 1, each equally likely."""
    limit = 2**32 - 2**32 % bound
    return next(number for number in numbers if number < limit) % bound


def _step(data: Any) -> Step:
    if not isinstance(data, dict) or data.get("kind") not in KINDS:
        raise ValueError(f"A step has a kind, one of {', '.join(KINDS)}, and the numbers at and seconds.")
    return Step(data["kind"], _number(data, "at", 0.0, LONGEST), _number(data, "seconds", 0.5, 10.0))


def _number(data: dict[str, Any], name: str, least: float, most: float) -> float:
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise ValueError(f"{name} has to be a number from {least:g} to {most:g}.")
    return float(value)
