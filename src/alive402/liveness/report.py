"""The report as frozen dataclasses: the verdict, its confidence and the evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from alive402.liveness.curves import FreshnessCurves

Verdict = Literal["live", "spoof", "inconclusive"]
AttackType = Literal["screen_replay", "print_or_still", "mask", "injected_or_edited", "unknown"]
ATTACK_WORDS: dict[AttackType, str] = {
    "screen_replay": "re-filmed from a screen",
    "print_or_still": "a print or a still picture",
    "mask": "a mask",
    "injected_or_edited": "an injected or edited stream",
    "unknown": "of an unknown kind",
}
Rect = tuple[int, int, int, int]
"""x1, y1, x2, y2 in px of the upright frame."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason for the verdict: a stable code and a sentence."""

    code: str
    message: str

    def to_dict(self) -> dict[str, str]:
        """The reason, JSON-ready."""
        return {"code": self.code, "message": self.message}


@dataclass(frozen=True, slots=True)
class Face:
    """One face followed through the clip. `rect` is where it was largest; `frames` counts the frames it was seen in."""

    rect: Rect
    face_confidence: float
    frames: int


@dataclass(frozen=True, slots=True)
class FrameScore:
    """The result for one judged frame. `time` in seconds from the first frame; confidences 0..1."""

    time: float
    rect: Rect
    face_confidence: float
    live_confidence: float


@dataclass(frozen=True, slots=True)
class Cue:
    """One piece of physical evidence.

    Attributes:
        name: the cue's name, e.g. `moire`.
        score: evidence in -1 (attack) .. +1 (bona fide); 0 says nothing. None when it could not be measured.
        weight: 0..1, how much it moved this decision.
        value: the measured figure behind the score, or None.
        unit: what `value` is measured in.
        normal: (low, high), the range of `value` on bona fide clips.
        message: one sentence for people.
        attack_type: the attack type that a negative score points to.
    """

    name: str
    score: float | None
    weight: float
    value: float | None
    unit: str
    normal: tuple[float, float]
    message: str
    attack_type: AttackType | None = None

    def to_dict(self) -> dict[str, Any]:
        """The cue as it stands under `cues[name]` in the report."""
        return {
            "score": rounded(self.score),
            "weight": rounded(self.weight),
            "value": rounded(self.value),
            "unit": self.unit,
            "normal": [rounded(bound) for bound in self.normal],
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class Quality:
    """Quality of the judged face. Luminances 0..255, sharpness is the variance of the Laplacian at 128 px."""

    usable_frames: int
    face_width: float
    luminance: float
    sharpness: float
    face_ratio: float
    warnings: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Video:
    """The judged video. `width` and `height` are of the upright frame; `rotation` in degrees, from the file."""

    sha256: str
    seconds: float
    fps: float
    width: int
    height: int
    codec: str
    rotation: int


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine's version and the sha256 of its network."""

    version: str
    weights_sha256: str


FreshnessStatus = Literal["answered", "not_answered", "unclear"]
StepStatus = Literal["done", "missed", "contradicted", "unseen"]


@dataclass(frozen=True, slots=True)
class FreshnessStep:
    """One step of a challenge, and what the clip shows of it.

    Attributes:
        kind: the movement that was asked.
        at: seconds at which it was asked.
        seconds: length of the window in which it had to be made.
        found_at: seconds at which the movement was largest; None where there was none.
        value: its size, in `unit`, to be compared with `threshold`; None where there was none.
        status: `done`; `missed`; `contradicted`, another movement was made; `unseen`, frames are missing.
    """

    kind: str
    at: float
    seconds: float
    found_at: float | None
    value: float | None
    unit: str
    threshold: float
    status: StepStatus


@dataclass(frozen=True, slots=True)
class Freshness:
    """Whether the clip answers a challenge.

    Attributes:
        status: `answered`, `not_answered`, or `unclear` where the clip does not show enough.
        code, message: the reason.
        kind: of the challenge.
        challenge_id: names the challenge.
        bits: binary logarithm of the number of orders that could have been asked.
        delay: seconds by which the clip's clock was found to run late.
        fitted: whether the thresholds come from people who were asked to move.
        steps: each step, in time order.
        curves: the curves that the movements were found in; None where they are not known.
    """

    status: FreshnessStatus
    code: str
    message: str
    kind: str
    challenge_id: str
    bits: float
    delay: float
    fitted: bool
    steps: tuple[FreshnessStep, ...]
    curves: FreshnessCurves | None = None

    @property
    def reason(self) -> Reason:
        """The reason, as it stands among those of the report."""
        return Reason(self.code, self.message)

    def to_dict(self) -> dict[str, Any]:
        """The answer as it stands under `freshness` in the report."""
        return {
            "status": self.status,
            "kind": self.kind,
            "challenge_id": self.challenge_id,
            "bits": rounded(self.bits),
            "delay": rounded(self.delay),
            "message": self.message,
            "fitted": self.fitted,
            "steps": [
                {
                    "kind": step.kind,
                    "at": rounded(step.at),
                    "seconds": rounded(step.seconds),
                    "found_at": rounded(step.found_at),
                    "value": rounded(step.value),
                    "unit": step.unit,
                    "threshold": rounded(step.threshold),
                    "status": step.status,
                }
                for step in self.steps
            ],
            **({} if self.curves is None else {"curves": self.curves.to_dict()}),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The answer for one video.

    Attributes:
        verdict: `live`, `spoof`, or `inconclusive` when the evidence is too near to the threshold.
        live_confidence: calibrated probability that the presentation is bona fide, 0..1.
        threshold: the operating point the verdict was taken at.
        attack_type: the likeliest presentation attack instrument when not live, else None.
        reasons: the decisive evidence in words, most decisive first.
        faces: every face that was followed, the judged one (largest area) first.
        frames: the judged frames of the judged face, in time order.
        cues: physical evidence by name.
        timing: seconds by stage.
        annotator: draws the report on what was judged; None where that is not at hand.
        freshness: the answer to a challenge; None without one.
    """

    verdict: Verdict
    live_confidence: float
    threshold: float
    attack_type: AttackType | None
    reasons: tuple[Reason, ...]
    faces: tuple[Face, ...]
    frames: tuple[FrameScore, ...]
    cues: dict[str, Cue]
    quality: Quality
    video: Video
    engine: Engine
    timing: dict[str, float] = field(default_factory=dict)
    annotator: Callable[[Any, Path], Path] | None = field(default=None, repr=False, compare=False)
    freshness: Freshness | None = None

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready data; the field names are stable."""
        return {
            "verdict": self.verdict,
            "live_confidence": rounded(self.live_confidence),
            "threshold": rounded(self.threshold),
            "attack_type": self.attack_type,
            "reasons": [reason.to_dict() for reason in self.reasons],
            "faces": [
                {"rect": list(face.rect), "face_confidence": rounded(face.face_confidence), "frames": face.frames}
                for face in self.faces
            ],
            "frames": [
                {
                    "time": rounded(frame.time),
                    "rect": list(frame.rect),
                    "face_confidence": rounded(frame.face_confidence),
                    "live_confidence": rounded(frame.live_confidence),
                }
                for frame in self.frames
            ],
            "cues": {name: cue.to_dict() for name, cue in self.cues.items()},
            "quality": {
                "usable_frames": self.quality.usable_frames,
                "face_width": rounded(self.quality.face_width),
                "luminance": rounded(self.quality.luminance),
                "sharpness": rounded(self.quality.sharpness),
                "face_ratio": rounded(self.quality.face_ratio),
                "warnings": [reason.to_dict() for reason in self.quality.warnings],
            },
            "video": {
                "sha256": self.video.sha256,
                "seconds": rounded(self.video.seconds),
                "fps": rounded(self.video.fps),
                "width": self.video.width,
                "height": self.video.height,
                "codec": self.video.codec,
                "rotation": self.video.rotation,
            },
            "engine": {"version": self.engine.version, "weights_sha256": self.engine.weights_sha256},
            "timing": {stage: rounded(seconds) for stage, seconds in self.timing.items()},
            **({} if self.freshness is None else {"freshness": self.freshness.to_dict()}),
        }

    def annotate(self, out: str | Path) -> Path:
        """Draw the report on what was judged, into the file `out`; returns its path.

        A name such as `out.mp4` makes a video with the face, the confidence and a timeline; `out.jpg` makes the picture
        that shows the verdict best.

        Raises:
            ValueError: what was judged is not at hand, or the name has another ending.
            OSError: the file is gone, or `out` cannot be written.
        """
        if self.annotator is None:
            raise ValueError("What was judged is not at hand. Reports of `alive402.analyze` can be drawn.")
        return self.annotator(self, Path(out))

    def to_alibaba(self) -> dict[str, Any]:
        """`Data` of Alibaba Cloud's DetectVideoLivingFace (facebody 2019-12-30): the judged face, one element.

        `Rect` is x1, y1, x2, y2 in px. No field of our own is added.
        """
        face = self.faces[0]
        return {
            "Elements": [
                {
                    "LiveConfidence": rounded(self.live_confidence),
                    "FaceConfidence": rounded(face.face_confidence),
                    "Rect": list(face.rect),
                }
            ]
        }


def rounded(value: float | None) -> float | None:
    """Round to six decimals: more is noise, and a JSON reader sees the same figure on every platform."""
    return None if value is None else round(float(value), 6)
