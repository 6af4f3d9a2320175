"""The report of a liveness service as HTML: verdict, confidence, reasons and evidence, without any picture."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from alive402.liveness import ATTACK_WORDS
from alive402.web import drawings
from alive402.web.environment import environment
from alive402.web.site_pages import ShownReport


def shown(report: dict[str, Any]) -> ShownReport:
    """One report of the video or the image service."""
    points = [(frame["time"], frame["live_confidence"]) for frame in report.get("frames") or []]
    kind = report.get("attack_type")
    body = (
        environment()
        .get_template("liveness_answer.html")
        .render(
            said=report,
            attack=ATTACK_WORDS.get(kind, kind) if kind else None,
            curve=drawings.curve(points, report["threshold"]) if points else None,
            curve_size=drawings.CURVE,
            track=drawings.CUE_TRACK,
            cues=[
                (name, cue, drawings.bar(cue["value"], (cue["normal"][0], cue["normal"][1])))
                for name, cue in (report.get("cues") or {}).items()
            ],
            reasons=report.get("reasons") or [],
            warnings=(report.get("quality") or {}).get("warnings") or [],
            images=report.get("images") or [],
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
