"""One self-contained page for finished analyses: pictures, confidence over time, every cue, the reasons."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from alive402.liveness import Cue, Report
from alive402.liveness.report import ATTACK_WORDS

if TYPE_CHECKING:
    from alive402.liveness import Analysis
    from alive402.liveness.samples import Sample

JPEG_QUALITY = 82
CURVE = (640, 180)
CURVE_PAD = 30
CUE_TRACK = 260


@dataclass(frozen=True, slots=True)
class _Look:
    """One picture of the contact strip: an inline JPEG, its size, and the face box in its px."""

    image: str
    width: int
    height: int
    box: tuple[float, float, float, float]
    time: float
    confidence: float


@dataclass(frozen=True, slots=True)
class _CueBar:
    """A cue's value on its own axis, in px of the drawing: the normal range as a band, the value as a mark."""

    name: str
    cue: Cue
    low: float
    high: float
    mark: float | None


def render(judged: Sequence[tuple[str, Analysis]]) -> str:
    """The page as HTML, for (name, analysis) pairs; nothing in it is loaded from elsewhere."""
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
            "curve": _curve(analysis.report),
            "cues": [_bar(cue_name, cue) for cue_name, cue in analysis.report.cues.items()],
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


def _curve(report: Report) -> Markup:
    """The per-frame confidence as the points of an SVG polyline, and the threshold's height."""
    width, height = CURVE
    longest = max(report.frames[-1].time, 1e-6)
    points = [(_across(frame.time / longest), _up(frame.live_confidence)) for frame in report.frames]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5">'
        f"<title>{frame.time:.2f} s: {frame.live_confidence:.2f}</title></circle>"
        for (x, y), frame in zip(points, report.frames, strict=True)
    )
    rule = _up(report.threshold)
    grid = "".join(
        f'<line class="grid" x1="{CURVE_PAD}" x2="{width - 8}" y1="{_up(level):.1f}" y2="{_up(level):.1f}"/>'
        f'<text x="{CURVE_PAD - 6}" y="{_up(level) + 4:.1f}" text-anchor="end">{level:g}</text>'
        for level in (0, 0.5, 1)
    )
    ends = (
        f'<text x="{CURVE_PAD}" y="{height - 4}">0 s</text>'
        f'<text x="{width - 8}" y="{height - 4}" text-anchor="end">{longest:.1f} s</text>'
    )
    return Markup(
        f"{grid}"
        f'<line class="rule" x1="{CURVE_PAD}" x2="{width - 8}" y1="{rule:.1f}" y2="{rule:.1f}"/>'
        f'<polyline points="{line}"/>{dots}{ends}'
    )


def _across(share: float) -> float:
    return CURVE_PAD + share * (CURVE[0] - CURVE_PAD - 8)


def _up(level: float) -> float:
    return 10 + (1 - level) * (CURVE[1] - 34)


def _bar(name: str, cue: Cue) -> _CueBar:
    """The axis runs a little beyond the normal range and the value, whichever is farther."""
    low, high = cue.normal
    ends = [low, high] if cue.value is None else [low, high, cue.value]
    span = max(max(ends) - min(ends), 1e-9)
    start, scale = min(ends) - 0.12 * span, CUE_TRACK / (1.24 * span)
    mark = None if cue.value is None else (cue.value - start) * scale
    return _CueBar(name, cue, (low - start) * scale, (high - start) * scale, mark)
