"""The report of a single picture as frozen dataclasses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alive402.liveness.report import AttackType, Engine, Reason, Rect, Verdict, rounded

SUGGESTIONS: dict[Verdict, str] = {"live": "pass", "inconclusive": "review", "spoof": "block"}
"""The `Suggestion` of Alibaba Cloud's DetectLivingFace for each of our verdicts."""


@dataclass(frozen=True, slots=True)
class ImageFace:
    """A face in the picture; `rect` in px of the upright picture."""

    rect: Rect
    face_confidence: float


@dataclass(frozen=True, slots=True)
class ImageQuality:
    """Quality of the judged face. Luminance 0..255; sharpness is the variance of the Laplacian at 128 px."""

    face_width: float
    luminance: float
    sharpness: float
    warnings: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageFile:
    """The judged picture. `width` and `height` are those of the upright picture."""

    sha256: str
    width: int
    height: int
    format: str


@dataclass(frozen=True, slots=True)
class ImageReport:
    """The answer for one picture.

    Attributes:
        verdict: `live`, `spoof`, or `inconclusive` when the evidence is too near to the threshold.
        live_confidence: calibrated probability that it was taken from life, 0..1, as honest as one look allows.
        threshold: the operating point the verdict was taken at.
        attack_type: `screen_replay` or `print_or_still` when not live, else None.
        reasons: the decisive evidence in words.
        faces: every face, the judged one first.
        timing: seconds by stage.
        annotator: draws the report on what was judged; None where that is not at hand.
    """

    verdict: Verdict
    live_confidence: float
    threshold: float
    attack_type: AttackType | None
    reasons: tuple[Reason, ...]
    faces: tuple[ImageFace, ...]
    quality: ImageQuality
    image: ImageFile
    engine: Engine
    timing: dict[str, float] = field(default_factory=dict)
    annotator: Callable[[Any, Path], Path] | None = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready data; the field names are stable."""
        return {
            "verdict": self.verdict,
            "live_confidence": rounded(self.live_confidence),
            "threshold": rounded(self.threshold),
            "attack_type": self.attack_type,
            "reasons": [reason.to_dict() for reason in self.reasons],
            "faces": [
                {"rect": list(face.rect), "face_confidence": rounded(face.face_confidence)} for face in self.faces
            ],
            "quality": {
                "face_width": rounded(self.quality.face_width),
                "luminance": rounded(self.quality.luminance),
                "sharpness": rounded(self.quality.sharpness),
                "warnings": [reason.to_dict() for reason in self.quality.warnings],
            },
            "image": {
                "sha256": self.image.sha256,
                "width": self.image.width,
                "height": self.image.height,
                "format": self.image.format,
            },
            "engine": {"version": self.engine.version, "weights_sha256": self.engine.weights_sha256},
            "timing": {stage: rounded(seconds) for stage, seconds in self.timing.items()},
        }

    def annotate(self, out: str | Path) -> Path:
        """Draw the report on what was judged, into the file `out`; returns its path.

        The picture gets its faces in boxes, and the verdict below.

        Raises:
            ValueError: what was judged is not at hand, or the name has another ending.
            OSError: the file is gone, or `out` cannot be written.
        """
        if self.annotator is None:
            raise ValueError("What was judged is not at hand. Reports of `alive402.analyze` can be drawn.")
        return self.annotator(self, Path(out))

    def to_alibaba(self) -> dict[str, Any]:
        """One picture's element in the answer of Alibaba Cloud's DetectLivingFace (facebody 2019-12-30).

        `Label` is `liveness` when the picture looks re-filmed (Alibaba's name for that attack), else `normal`; `Rate`
        is the confidence in that label, percent. `Rect` in px. No field of our own is added.
        """
        normal = self.live_confidence >= self.threshold
        left, top, right, bottom = self.faces[0].rect
        result = {
            "Label": "normal" if normal else "liveness",
            "Suggestion": SUGGESTIONS[self.verdict],
            "Rate": round(100 * (self.live_confidence if normal else 1 - self.live_confidence), 2),
            "MessageTips": self.reasons[0].message,
            "Rect": {"Left": left, "Top": top, "Width": right - left, "Height": bottom - top},
        }
        return {"FaceNumber": len(self.faces), "Results": [result]}
