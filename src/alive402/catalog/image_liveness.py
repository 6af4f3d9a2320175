"""Image liveness, as it is sold: was the face in each of these pictures taken from life?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alive402.catalog.answers import (
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
from alive402.catalog.service import ServiceDefinition, Units

MAX_TASKS = 10
# 10 MB as base64, and the JSON around it.
MAX_BODY_BYTES = 13_500_000

_WHOLE = {"type": "integer", "minimum": 0}
_VERDICT = {"type": "string", "enum": list(VERDICTS)}
_ATTACK = {"type": ["string", "null"], "enum": ["screen_replay", "print_or_still", "unknown", None]}
_ELEMENT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "TaskId": {"type": "string"},
        "ImageURL": {"type": "string", "description": "The URL as it was sent; absent for ImageData."},
        "FaceNumber": {**_WHOLE, "description": "Number of faces in the picture; with 0 there are no Results."},
        "Results": {
            "type": "array",
            "maxItems": 1,
            "items": {
                "type": "object",
                "properties": {
                    "Label": {
                        "type": "string",
                        "enum": ["normal", "liveness"],
                        "description": "normal: taken from life. liveness: an attack was found.",
                    },
                    "Suggestion": {
                        "type": "string",
                        "enum": ["pass", "review", "block"],
                        "description": "For the verdicts live, inconclusive, spoof.",
                    },
                    "Rate": {"type": "number", "minimum": 0, "maximum": 100, "description": "Of Label, in percent."},
                    "MessageTips": {"type": "string"},
                    "Rect": {
                        "type": "object",
                        "description": "The judged face, in px of the upright picture.",
                        "properties": {"Left": _WHOLE, "Top": _WHOLE, "Width": _WHOLE, "Height": _WHOLE},
                        "required": ["Left", "Top", "Width", "Height"],
                    },
                },
                "required": ["Label", "Suggestion", "Rate", "Rect"],
            },
        },
    },
    "required": ["TaskId", "FaceNumber", "Results"],
}

_ELEMENTS: dict[str, Any] = {
    "type": "array",
    "description": "The answer of Alibaba Cloud's DetectLivingFace: one element per task, in order.",
    "items": _ELEMENT,
}

_LIVENESS: dict[str, Any] = {
    "type": "object",
    "description": "Our report: the verdict of the least live picture, and each picture by itself.",
    "properties": {
        "verdict": _VERDICT,
        "live_confidence": {**NUMBER, "description": "Calibrated live probability of the least live picture."},
        "threshold": {**NUMBER, "description": "The threshold of the verdicts."},
        "attack_type": _ATTACK,
        "reasons": REASONS,
        "images": {
            "type": "array",
            "description": "In the order of the tasks; verdict and confidence are null without a face.",
            "items": {
                "type": "object",
                "properties": {
                    "sha256": {"type": "string"},
                    "verdict": {"type": ["string", "null"], "enum": [*VERDICTS, None]},
                    "live_confidence": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
                    "attack_type": _ATTACK,
                    "reasons": REASONS,
                },
                "required": ["sha256", "verdict", "live_confidence", "reasons"],
            },
        },
        "engine": {"type": "object"},
    },
    "required": ["verdict", "live_confidence", "threshold", "images", "engine"],
}

_TASK: dict[str, Any] = {
    "type": "object",
    "description": "One picture: either its URL or its bytes; not both.",
    "properties": {
        "ImageURL": {
            "type": "string",
            "format": "uri",
            "minLength": 1,
            "maxLength": 2048,
            "description": "Public http(s) URL of a JPEG, PNG, WebP, BMP, HEIC or AVIF: up to 10 MB and 25 megapixels.",
        },
        "ImageData": {
            "type": "string",
            "contentEncoding": "base64",
            "minLength": 1,
            "maxLength": 13_400_000,
            "description": "The picture's bytes in base64; up to 10 MB in all tasks together, over MCP 40 kB.",
        },
    },
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
}

_SHA256 = "c9a1f0a3b0d64a6b8d4f2a90a7d6e19f7f0f5f1f7c4d5a4d0f4f7b8f5a7c2e11"
_LOOKS_LIVE = "Skin, light and surroundings look filmed from life."


def _judged(report: Mapping[str, Any]) -> int:
    """The pictures that have a verdict; one without a face has none."""
    return sum(each["verdict"] is not None for each in report["images"])


def _signed(report: Mapping[str, Any]) -> dict[str, Any]:
    return signed(report, {"imagesSha256": [image["sha256"] for image in report["images"]]})


IMAGE_LIVENESS = ServiceDefinition(
    id="face-liveness-detection",
    aliases=("aliyun-facebody-detect-living-face",),
    tool_name="face_liveness_detection",
    action="DetectLivingFace",
    name="Image face liveness detection",
    description=(
        "Tells whether the face in a photo was taken from life or re-photographed from a screen or a print, from 1 to "
        "10 images a call. Only an answer is charged."
    ),
    description_for_model=(
        "Call this when you have one or more photos of a face, and no video, and need to know whether a living person "
        "was in front of the camera, or a screen or a print. Send Tasks: 1 to 10 objects, each with ImageURL (a public "
        "URL) or ImageData (base64). Read data.Liveness.verdict, that of the least live photo: live, spoof or "
        "inconclusive; data.Liveness.live_confidence against data.Liveness.threshold; and data.Liveness.images for "
        "each photo. A single photo shows far less than a video: about one in five is inconclusive, and good prints "
        "may pass; where a video can be had, use the video service. It does not tell who the person is."
    ),
    use_cases=(
        "Pre-screen a profile photo or a selfie photo before a video is asked for.",
        "Sort a stored collection of face images: taken from life, or re-photographed.",
        "Check photos where an integration of DetectLivingFace exists already.",
    ),
    limitations=(
        "One look at pixels: nothing that needs time, such as movement or flicker, is measured.",
        "Prints are its weak side: 17 of the 44 that it was measured on were called live. A video is safer.",
        "One face a picture is judged: the largest one. It does not tell who a person is.",
        "JPEG, PNG, WebP, BMP, HEIC or AVIF, at most 10 MB and 25 million pixels; a picture that moves is refused.",
        "All pictures of a call are judged or none; a picture without a face is an answer when another one has a face.",
    ),
    category="face-body",
    tags=("computer-vision", "face-body", "face-analysis", "body-analysis"),
    keywords=(
        "DetectLivingFace",
        "阿里云人脸人体 人脸活体检测",
        "图片活体检测",
        "静默活体检测",
        "image",
        "photo",
        "picture",
        "passive liveness",
        "face recognition",
        "liveness detection",
        "living",
        "face",
    ),
    input_types=("image", "url", "base64"),
    output_types=("json", "verdict"),
    price_cents=5,
    price_atomic=50_000,
    input_schema={
        "type": "object",
        "description": RPC_NAMES.format("`Tasks`, each with `ImageURL` or `ImageData`"),
        "properties": {
            "Tasks": {
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_TASKS,
                "description": "The pictures, each a task: 1 to 10.",
                "items": _TASK,
            }
        },
        "required": ["Tasks"],
        "additionalProperties": False,
    },
    output_schema=body_of(data_of(_ELEMENTS, _LIVENESS), "No picture is in it."),
    example_input={"Tasks": [{"ImageURL": "https://example.com/selfie.jpg"}]},
    example_output=example(
        "0d9c2b6e4f1a4c57a1e38b7f6c5d4e3f",
        {
            "Action": "DetectLivingFace",
            "Result": "live, live confidence 0.886",
            "Elements": [
                {
                    "TaskId": "5f0c1d7e-8c1b-4a51-9d0e-6f2b3c4d5e6f",
                    "ImageURL": "https://example.com/selfie.jpg",
                    "FaceNumber": 1,
                    "Results": [
                        {
                            "Label": "normal",
                            "Suggestion": "pass",
                            "Rate": 88.6,
                            "MessageTips": _LOOKS_LIVE,
                            "Rect": {"Left": 374, "Top": 6, "Width": 119, "Height": 100},
                        }
                    ],
                }
            ],
            "Liveness": {
                "verdict": "live",
                "live_confidence": 0.886,
                "threshold": 0.5,
                "attack_type": None,
                "reasons": [{"code": "appearance_live", "message": _LOOKS_LIVE}],
                "images": [
                    {
                        "sha256": _SHA256,
                        "verdict": "live",
                        "live_confidence": 0.886,
                        "attack_type": None,
                        "reasons": [{"code": "appearance_live", "message": _LOOKS_LIVE}],
                    }
                ],
                "engine": {"version": "0.1.0", "weights_sha256": _SHA256},
            },
        },
    ),
    report_field=REPORT_FIELD,
    result=result,
    reading=READING,
    signed=_signed,
    units=Units("picture", MAX_TASKS, _judged),
    stages={"fetching": "Fetching the images", "looking": "Looking at the images"},
    upload_input="ImageURL",
    upload_files=MAX_TASKS,
    max_body_bytes=MAX_BODY_BYTES,
)
