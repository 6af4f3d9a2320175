"""The one service that is sold: names, schemas, price and words, in one frozen definition that every surface reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ServiceDefinition:
    """A service for sale.

    Attributes:
        id: canonical id, the last part of its path.
        aliases: other ids that mean the same service everywhere.
        tool_name: MCP tool and OpenAPI operationId.
        action: the `Action` of the answer.
        price_cents: USD cents a call, for words.
        price_atomic: the same in atomic units of a six-decimals dollar token.
        input_schema: JSON Schema (2020-12) of the request body.
        output_schema: JSON Schema of the 200 body.
    """

    id: str
    aliases: tuple[str, ...]
    tool_name: str
    action: str
    name: str
    description: str
    category: str
    tags: tuple[str, ...]
    keywords: tuple[str, ...]
    price_cents: int
    price_atomic: int
    input_schema: dict[str, Any] = field(hash=False)
    output_schema: dict[str, Any] = field(hash=False)
    example_input: dict[str, Any] = field(hash=False)
    example_output: dict[str, Any] = field(hash=False)

    @property
    def ids(self) -> tuple[str, ...]:
        """The canonical id and its aliases."""
        return (self.id, *self.aliases)

    @property
    def paths(self) -> tuple[str, ...]:
        """Where it is called, the canonical path first."""
        return tuple(f"/api/tools/{service_id}" for service_id in self.ids)


_REPORT_EXAMPLE = {
    "Action": "DetectVideoLivingFace",
    "Elements": [{"LiveConfidence": 0.97, "FaceConfidence": 0.99, "Rect": [374, 6, 493, 106]}],
    "Liveness": {"verdict": "live", "live_confidence": 0.97, "threshold": 0.5, "attack_type": None},
}

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
    category="face-body",
    tags=("computer-vision", "face-body", "face-analysis", "body-analysis"),
    keywords=(
        "DetectVideoLivingFace",
        "阿里云人脸人体 视频活体检测",
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
    price_cents=20,
    price_atomic=200_000,
    input_schema={
        "type": "object",
        "properties": {
            "VideoUrl": {
                "type": "string",
                "format": "uri",
                "minLength": 1,
                "maxLength": 2048,
                "description": "Public http(s) URL of the video: up to 30 MB, one face seen from the front.",
            }
        },
        "required": ["VideoUrl"],
        "additionalProperties": False,
    },
    output_schema={
        "type": "object",
        "properties": {
            "requestId": {"type": "string"},
            "code": {"type": "string"},
            "message": {"type": "string"},
            "content": {"type": "string"},
            "data": {"type": "object"},
        },
        "required": ["requestId", "data"],
    },
    example_input={"VideoUrl": "https://example.com/selfie.mp4"},
    example_output={
        "requestId": "4f1c0e6d9a7b4b0c8f57a1a7d1f0c2ab",
        "code": "200",
        "message": "success",
        "content": "",
        "data": _REPORT_EXAMPLE,
    },
)
