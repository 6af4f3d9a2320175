"""A self-contained report page for finished analyses: pictures, confidence over time, every cue, the reasons."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
from jinja2 import Environment, PackageLoader, StrictUndefined

from alive402.liveness import ATTACK_WORDS
from alive402.web.drawings import CUE_TRACK, CURVE, bar, curve, shown_freshness
from alive402.web.words import figure_words, reason_words, share_words

if TYPE_CHECKING:
    from alive402.liveness import Analysis, Sample

JPEG_QUALITY = 82


@dataclass(frozen=True, slots=True)
class _Look:
    """One picture of the contact strip: an inline JPEG, its size, and the face box in its px."""

    image: str
    width: int
    height: int
    box: tuple[float, float, float, float]
    time: float
    confidence: float


def render_report(judged: Sequence[tuple[str, Analysis]]) -> str:
    """The page as HTML, for (name, analysis) pairs; it loads no other resource."""
    environment = Environment(
        loader=PackageLoader("alive402.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    items = [
        {
            "name": name,
            "report": analysis.report,
            "attack": ATTACK_WORDS[kind].capitalize() if (kind := analysis.report.attack_type) else "",
            "looks": [
                _look(sample, frame.live_confidence)
                for sample, frame in zip(analysis.samples, analysis.report.frames, strict=True)
            ],
            "curve": curve(
                [(frame.time, frame.live_confidence) for frame in analysis.report.frames], analysis.report.threshold
            ),
            "freshness": shown_freshness(analysis.report.to_dict().get("freshness")),
            "reasons": reason_words(analysis.report.verdict, [reason.to_dict() for reason in analysis.report.reasons]),
            "cues": [
                (
                    cue_name,
                    cue,
                    bar(cue.value, cue.normal),
                    figure_words(cue.value, cue.normal, cue.score),
                    share_words(cue.weight),
                )
                for cue_name, cue in sorted(analysis.report.cues.items(), key=lambda each: -each[1].weight)
            ],
        }
        for name, analysis in judged
    ]
    return environment.get_template("report.html").render(items=items, curve=CURVE, track=CUE_TRACK)


def _look(sample: Sample, confidence: float) -> _Look:
    height, width = sample.picture.shape[:2]
    scale = max(height, width) / max(sample.frame_size)
    written, jpeg = cv2.imencode(".jpg", sample.picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not written:
        raise ValueError("the picture could not be written as JPEG")
    x1, y1, x2, y2 = (float(side) * scale for side in sample.box)
    image = "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode()
    return _Look(image, width, height, (x1, y1, x2 - x1, y2 - y1), sample.time, confidence)
