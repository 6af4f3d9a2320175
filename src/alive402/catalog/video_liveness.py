"""Definition of the video service: was the face in this video filmed from life?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alive402.catalog.answers import (
    FRESHNESS,
    NUMBER,
    READING,
    REASONS,
    REPORT_FIELD,
    RPC_NAMES,
    VERDICTS,
    body_of,
    data_of,
    example,
    result,
    signed,
)
from alive402.catalog.inputs import CHALLENGE_INPUTS
from alive402.catalog.service import ServiceDefinition

_RECT = {"type": "array", "items": {"type": "integer"}, "minItems": 4, "maxItems": 4}

_REPORT_EXAMPLE: dict[str, Any] = {
    "Action": "DetectVideoLivingFace",
    "Result": "live, live confidence 0.97",
    "Elements": [{"LiveConfidence": 0.97, "FaceConfidence": 0.99, "Rect": [374, 6, 493, 106]}],
    "Liveness": {"verdict": "live", "live_confidence": 0.97, "threshold": 0.5, "attack_type": None},
}

_ELEMENTS: dict[str, Any] = {
    "type": "array",
    "description": "The answer of Alibaba Cloud's DetectVideoLivingFace: the judged face.",
    "items": {
        "type": "object",
        "properties": {
            "LiveConfidence": NUMBER,
            "FaceConfidence": NUMBER,
            "Rect": {**_RECT, "description": "x1, y1, x2, y2 in pixels of the upright frame."},
        },
        "required": ["LiveConfidence", "FaceConfidence", "Rect"],
    },
}

_LIVENESS: dict[str, Any] = {
    "type": "object",
    "description": "The whole report: verdict, reasons, faces, frames, cues, quality, video, engine.",
    "properties": {
        "verdict": {"type": "string", "enum": list(VERDICTS)},
        "live_confidence": {**NUMBER, "description": "Calibrated probability that it was filmed from life."},
        "threshold": {**NUMBER, "description": "The threshold of the verdict."},
        "attack_type": {
            "type": ["string", "null"],
            "enum": ["screen_replay", "print_or_still", "mask", "injected_or_edited", "unknown", None],
        },
        "reasons": REASONS,
        "freshness": FRESHNESS,
    },
    "required": ["verdict", "live_confidence", "threshold", "attack_type"],
}


def _signed(report: Mapping[str, Any]) -> dict[str, Any]:
    return signed(report, {"videoSha256": report["video"]["sha256"]})


LIVENESS = ServiceDefinition(
    id="video-face-liveness-detection",
    aliases=("aliyun-facebody-detect-video-living-face",),
    tool_name="video_face_liveness_detection",
    action="DetectVideoLivingFace",
    name="Video face liveness detection",
    description=(
        "Tells whether the face in a video was filmed from life or re-filmed from a screen, a print or a mask, "
        "with calibrated confidence and the reasons. Only an answer is charged."
    ),
    description_for_model=(
        "Call this when you have a public URL of a video of one face and need to know whether a living person was in "
        "front of the camera, or a screen, a print, a still picture, a mask or an edited stream. Send VideoUrl. Read "
        "data.Liveness.verdict: live, spoof or inconclusive; data.Liveness.live_confidence against "
        "data.Liveness.threshold; and data.Liveness.reasons for why. On inconclusive ask for another video. It does "
        "not tell who the person is. A call takes a few seconds and costs money only when it gives a verdict."
    ),
    use_cases=(
        "Check a selfie video when an account is opened, before documents are compared.",
        "Refuse replayed, printed or injected video in remote identification.",
        "Ask for a second video when the first one is inconclusive.",
        "Judge stored verification videos again after a suspicion.",
        "Run the visual analysis of the action 检测视频中的人脸活体状态。 (is the face in this video alive?) from an "
        "AI agent, an MCP client, an application, or an importer of OpenAPI.",
        "Add one visual AI capability by one JSON request, without an account.",
        "Send the public URL of a video and structured parameters; get a result that a program can read.",
    ),
    limitations=(
        "It does not tell who a person is, and compares no faces.",
        "One face, seen from the front, is judged: the largest one.",
        "The video has at most 30 MB, and is a public http or https URL or an upload.",
        "It does not see good three-dimensional masks, generated faces or streams injected with fresh noise.",
        "Prints and televisions are its weak side; its errors are in the model card.",
    ),
    category="face-body",
    tags=("computer-vision", "face-body", "face-analysis", "body-analysis"),
    keywords=(
        "DetectVideoLivingFace",
        "阿里云人脸人体 视频活体检测",
        "检测视频中的人脸活体状态",
        "face detection",
        "body detection",
        "pose estimation",
        "face recognition",
        "liveness detection",
        "human analysis",
        "detect",
        "video",
        "living",
        "face",
    ),
    alternative_names=("Detect Video Living Face Face And Body Analysis",),
    input_types=("video", "url"),
    output_types=("json", "verdict"),
    price_cents=20,
    price_atomic=200_000,
    input_schema={
        "type": "object",
        "description": RPC_NAMES.format("`VideoUrl`"),
        "properties": {
            "VideoUrl": {
                "type": "string",
                "format": "uri",
                "minLength": 1,
                "maxLength": 2048,
                "description": (
                    "Public http or https URL of a video, as the Alibaba Cloud API takes it: up to 30 MB, one face "
                    "seen from the front."
                ),
            },
            **CHALLENGE_INPUTS,
        },
        "required": ["VideoUrl"],
        "additionalProperties": False,
    },
    output_schema=body_of(data_of(_ELEMENTS, _LIVENESS), "Nothing of the video is in it."),
    example_input={"VideoUrl": "https://example.com/video.mp4"},
    example_output=example("4f1c0e6d9a7b4b0c8f57a1a7d1f0c2ab", _REPORT_EXAMPLE),
    report_field=REPORT_FIELD,
    result=result,
    reading=READING,
    signed=_signed,
    stages={
        "fetching": "Fetching the video",
        "looking": "Looking at the frames",
        "judging": "Weighing the evidence",
    },
    upload_input="VideoUrl",
)
