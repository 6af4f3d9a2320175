"""Fusion: turns the evidence into a calibrated probability, a verdict, an attack type and reasons.

A logistic model whose weights are all non-negative: more evidence for life never lowers the probability. A cue that
is missing, or has no score, has no effect. A cue without a weight is an error. The numbers are in
`weights/calibration.json`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from alive402.liveness.cues import NAMES
from alive402.liveness.networks import WEIGHTS, Looks, logits, pool
from alive402.liveness.report import AttackType, Cue, Reason, Verdict

APPEARANCE = "appearance"
EXPERT = "expert"
DECISIVE = 0.5
"""Least log odds by which a piece of evidence must move the decision to be named as a reason."""


@dataclass(frozen=True, slots=True)
class Line:
    """A network's pooled log odds, calibrated: intercept, and weights (>= 0) of their mean and 20th percentile.

    `face` is the weight (>= 0) of the mean log odds of the face alone. `colourless`, `dark` and `close` are the log
    odds that are added for looks without colour, in little light, and of a face that fills the picture; `close_score`
    and `close_face` are what the last adds to the weights of the score and of the face alone.
    """

    intercept: float
    mean: float
    percentile: float
    face: float = 0.0
    colourless: float = 0.0
    dark: float = 0.0
    close: float = 0.0
    close_score: float = 0.0
    close_face: float = 0.0

    def start(self, looks: Looks) -> float:
        """The log odds before the network's score: the intercept, and what the conditions of n looks (n > 0) add."""
        added = (self.colourless, looks.colourless), (self.dark, looks.dark), (self.close, looks.close)
        return self.intercept + sum(weight * float(how.mean()) for weight, how in added if len(how))

    def odds(self, looks: Looks) -> float:
        """Calibrated log odds of life, for n looks (n > 0)."""
        mean, percentile = pool(looks.live)
        return self.start(looks) + self.mean * mean + self.percentile * percentile + float(self._rest(looks).mean())

    def each(self, looks: Looks) -> npt.NDArray[np.float64]:
        """(n,) calibrated log odds of life, each look alone."""
        score = (self.mean + self.percentile) * logits(looks.live)
        return np.asarray(self.start(looks) + score + self._rest(looks), np.float64)

    def _rest(self, looks: Looks) -> npt.NDArray[np.float64]:
        """(n,) log odds by each look's face alone, and by what a face that fills the picture does to the weights."""
        close = np.asarray(looks.close if len(looks.close) else np.zeros(len(looks.live)), np.float64)
        rest = self.close_score * close * logits(looks.live)
        if len(looks.face):
            rest += (self.face + self.close_face * close) * logits(looks.face)
        return rest


@dataclass(frozen=True, slots=True)
class Calibration:
    """The numbers of the fusion.

    Attributes:
        appearance: our network's line.
        expert: the optional expert's line, if it was fitted.
        cues: weight (>= 0) of each cue's score, in log odds.
        threshold: the probability at which a clip counts as bona fide.
        margin: within this distance of the threshold the verdict is `inconclusive`.
        points: threshold and margin of each operating point, by its name.
    """

    appearance: Line
    expert: Line | None
    cues: Mapping[str, float]
    threshold: float
    margin: float
    points: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def at(self, threshold: float | str | None) -> Calibration:
        """The same numbers at another operating point: a threshold between 0 and 1, or the name of a point.

        The margin shrinks with the distance to 0 or 1, so that every verdict stays possible.

        Raises:
            ValueError: it is not between 0 and 1, or there is no point of that name.
        """
        if threshold is None:
            return self
        if isinstance(threshold, str):
            if threshold not in self.points:
                known = ", ".join(self.points)
                raise ValueError(f"There is no operating point {threshold}. Give a number between 0 and 1, or {known}.")
            chosen, margin = self.points[threshold]
            return replace(self, threshold=chosen, margin=margin)
        if not 0 < threshold < 1:
            raise ValueError(f"The threshold {threshold:g} is not between 0 and 1.")
        shrunk = min(threshold, 1 - threshold) / min(self.threshold, 1 - self.threshold)
        return replace(self, threshold=threshold, margin=self.margin * min(1.0, shrunk))

    @classmethod
    def read(cls, path: Path, names: Iterable[str] = ()) -> Calibration:
        """Read `calibration.json`, which must weigh every cue in `names`; its `default` operating point is taken.

        Raises:
            ValueError: a cue has no weight; or a weight is no number or negative, so the model would not be monotone.
        """
        table = json.loads(path.read_text())
        point = table["operating_points"][table["default"]]
        appearance, expert = Line(**table["appearance"]), table.get("expert")
        for name in names:
            if name not in table["cues"]:
                raise ValueError(f"{path} has no weight for the cue {name}. Write 0 until one is fitted.")
        weights = {name: getattr(appearance, name) for name in ("mean", "percentile", "face")} | {**table["cues"]}
        for name, weight in weights.items():
            if not 0 <= weight < math.inf:
                raise ValueError(f"{path} weighs {name} by {weight}. A weight is a number from 0 up.")
        return cls(
            appearance=appearance,
            expert=Line(**expert) if expert else None,
            cues=table["cues"],
            threshold=point["threshold"],
            margin=point["margin"],
            points={name: (each["threshold"], each["margin"]) for name, each in table["operating_points"].items()},
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision from the evidence. `frames` is the calibrated appearance of each sample alone."""

    verdict: Verdict
    live_confidence: float
    attack_type: AttackType | None
    reasons: tuple[Reason, ...]
    cues: dict[str, Cue]
    frames: tuple[float, ...]


@cache
def packaged() -> Calibration:
    """The calibration that belongs to the packaged weights."""
    return Calibration.read(WEIGHTS / "calibration.json", NAMES)


def fuse(
    looks: Looks, cues: Mapping[str, Cue], calibration: Calibration | None = None, expert: Looks | None = None
) -> Decision:
    """Decide from n looks (n > 0) and the cues; with an expert's looks, the two networks count half each.

    Raises:
        ValueError: the calibration has no weight for one of the cues.
    """
    rule = calibration or packaged()
    lines = {APPEARANCE: (looks, rule.appearance)}
    if expert is not None and rule.expert is not None:
        lines[EXPERT] = (expert, rule.expert)
    moved = {name: line.odds(seen) / len(lines) for name, (seen, line) in lines.items()}
    for name, cue in cues.items():
        if name not in rule.cues:
            raise ValueError(f"The calibration has no weight for the cue {name}. Give it one, 0 until it is fitted.")
        moved[name] = rule.cues[name] * (cue.score or 0.0)
    confidence = _sigmoid(sum(moved.values()))
    verdict = _verdict(confidence, rule)
    total = sum(abs(by) for by in moved.values()) or 1.0
    weighed = {name: _network_cue(name, seen, line) for name, (seen, line) in lines.items()} | dict(cues)
    weighed = {name: replace(cue, weight=abs(moved[name]) / total) for name, cue in weighed.items()}
    return Decision(
        verdict=verdict,
        live_confidence=confidence,
        attack_type=None if verdict == "live" else _attack_type(looks, weighed, moved),
        reasons=_reasons(verdict, weighed, moved, confidence, rule),
        cues=weighed,
        frames=tuple(map(_sigmoid, rule.appearance.each(looks).tolist())),
    )


def _verdict(confidence: float, rule: Calibration) -> Verdict:
    if abs(confidence - rule.threshold) < rule.margin:
        return "inconclusive"
    return "live" if confidence >= rule.threshold else "spoof"


def _network_cue(name: str, looks: Looks, line: Line) -> Cue:
    """Turn a network's score into a cue, so that one table holds all evidence."""
    score, kind = 2 * _sigmoid(line.odds(looks)) - 1, _seen_kind(looks)
    if score >= 0:
        message = "Skin, light and surroundings look filmed from life."
    elif kind == "print_or_still":
        message = "The picture looks re-filmed from paper."
    else:
        message = "The picture looks re-filmed from a screen."
    value = float(looks.live.mean())
    return Cue(name, score, 0.0, value, "score of the network: 0 attack, 1 life", (0.5, 1.0), message, kind)


def _seen_kind(looks: Looks) -> AttackType:
    return "print_or_still" if float(looks.paper.mean()) > float(looks.screen.mean()) else "screen_replay"


def _attack_type(looks: Looks, cues: Mapping[str, Cue], moved: Mapping[str, float]) -> AttackType:
    """The attack type of the strongest evidence against life.

    A flat picture that moves is a still; the pixels show whether it is on paper or on a display.
    """
    against = sorted((by, name) for name, by in moved.items() if by < 0)
    if not against:
        return "unknown"
    kind = cues[against[0][1]].attack_type or "unknown"
    return _seen_kind(looks) if kind == "print_or_still" else kind


def _reasons(
    verdict: Verdict, cues: Mapping[str, Cue], moved: Mapping[str, float], confidence: float, rule: Calibration
) -> tuple[Reason, ...]:
    """The evidence that moved the decision towards its verdict, strongest first; both sides if inconclusive."""
    ranked = sorted(moved, key=lambda name: -abs(moved[name]))
    side = {"live": 1, "spoof": -1, "inconclusive": 0}[verdict]
    named = [name for name in ranked if abs(moved[name]) >= DECISIVE and moved[name] * side >= 0]
    reasons = [Reason(f"{name}_{'live' if moved[name] > 0 else 'attack'}", cues[name].message) for name in named]
    if verdict == "inconclusive":
        message = (
            f"The evidence is too close to the threshold: {confidence:.2f} against {rule.threshold:.2f}. "
            "Film again with a steady camera, good light and the whole face in view."
        )
        reasons.insert(0, Reason("too_close_to_call", message))
    return tuple(reasons or [Reason(f"{ranked[0]}_weak", cues[ranked[0]].message)])


def _sigmoid(odds: float) -> float:
    return float(1 / (1 + math.exp(-float(np.clip(odds, -30, 30)))))
