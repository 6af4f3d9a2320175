"""The report of a liveness service as HTML: verdict, what decided it, and all evidence, without any picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from alive402.liveness import ATTACK_WORDS
from alive402.web import drawings
from alive402.web.environment import environment
from alive402.web.site_pages import ShownReport
from alive402.web.words import COUNTS, figure_words, reason_words, share_words

BY_FRAME = ("appearance", "expert")
IN_TIME = "What decided shows in the whole clip, not in one frame."
TITLES = {
    "appearance": "Look of the picture",
    "expert": "Look, by a second network",
    "planar": "Flat motion",
    "frozen": "Still picture",
    "puppet": "Animated still",
    "drawn": "Drawn face",
    "overlay": "Player's button",
    "bezel": "Edges of a screen or paper",
    "moire": "Screen pattern",
    "repeats": "Repeated frames",
    "flicker": "Flicker of a display",
    "pulse": "Pulse",
}


@dataclass(frozen=True, slots=True)
class ShownCue:
    """One cue in words. `share` is empty where it did not move the decision."""

    name: str
    title: str
    message: str
    share: str
    figures: str
    unit: str
    bar: drawings.CueBar


def shown(report: dict[str, Any]) -> ShownReport:
    """One report of the video or the image service."""
    frames = report.get("frames") or []
    points = [(frame["time"], frame["live_confidence"]) for frame in frames]
    kind = report.get("attack_type")
    cues = report.get("cues") or {}
    body = (
        environment()
        .get_template("liveness_answer.html")
        .render(
            said=report,
            attack=ATTACK_WORDS.get(kind, kind) if kind else None,
            curve=drawings.curve(points, report["threshold"]) if points else None,
            curve_size=drawings.CURVE,
            track=drawings.CUE_TRACK,
            cues=cues,
            groups=_groups(cues),
            decisive=_decisive(frames, report["verdict"], cues),
            reasons=reason_words(report["verdict"], report.get("reasons") or []),
            warnings=(report.get("quality") or {}).get("warnings") or [],
            images=report.get("images") or [],
            freshness=drawings.shown_freshness(report.get("freshness")),
        )
    )
    facts = (
        environment()
        .get_template("liveness_facts.html")
        .render(
            video=report.get("video"), engine=report.get("engine"), seconds=(report.get("timing") or {}).get("total")
        )
    )
    return ShownReport(str(report["verdict"]), Markup(body), Markup(facts))


def _groups(cues: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, list[ShownCue]]]:
    """What decided, strongest first; what was looked for and not found; what could not be measured."""
    ranked = sorted(cues.items(), key=lambda each: -each[1]["weight"])
    decided = [_shown(*each) for each in ranked if each[1]["weight"] >= COUNTS]
    nothing = [_shown(*each) for each in ranked if each[1]["weight"] < COUNTS and each[1]["score"] is not None]
    unmeasured = [_shown(*each) for each in ranked if each[1]["weight"] < COUNTS and each[1]["score"] is None]
    return [
        ("What decided", decided),
        ("Looked for, and nothing found that counts", nothing),
        ("Could not be measured in this video", unmeasured),
    ]


def _shown(name: str, cue: Mapping[str, Any]) -> ShownCue:
    normal = (cue["normal"][0], cue["normal"][1])
    return ShownCue(
        name,
        TITLES.get(name, name),
        cue["message"],
        share_words(cue["weight"]),
        figure_words(cue["value"], normal, cue["score"]),
        cue["unit"],
        drawings.bar(cue["value"], normal),
    )


def _decisive(
    frames: Sequence[Mapping[str, Any]], verdict: str, cues: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any] | None:
    """The frame to show beside the verdict: its place, and a sentence.

    Where the look of the picture decided, it is the frame that shows it best; other cues show in the whole clip only.
    """
    if not frames:
        return None
    decided = max(cues, key=lambda name: cues[name]["weight"], default="appearance")
    place = len(frames) // 2
    if decided not in BY_FRAME:
        return {"place": place, "words": f"The frame at {frames[place]['time']:.2f} s. {IN_TIME}"}
    best = max if verdict == "live" else min
    place = best(range(len(frames)), key=lambda each: frames[each]["live_confidence"])
    look = {"live": "most alive", "spoof": "least alive"}.get(verdict, "least alive")
    said = f"The frame at {frames[place]['time']:.2f} s looks {look}: {frames[place]['live_confidence']:.2f} by itself."
    return {"place": place, "words": said}
