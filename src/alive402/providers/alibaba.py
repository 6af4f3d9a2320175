"""Provider that calls Alibaba Cloud's DetectVideoLivingFace with its own SDK."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from alibabacloud_facebody20191230.client import Client
from alibabacloud_facebody20191230.models import DetectVideoLivingFaceRequest
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_util.models import RuntimeOptions
from Tea.exceptions import TeaException, UnretryableException

from alive402.errors import CodedError
from alive402.intake import AnalysisTimeout, Busy, FetchLimits, InvalidUrl, Unreachable, Uploads, check_url
from alive402.intake.sandbox import Progress
from alive402.liveness import AnalysisFailed, NoFace, UndecodableVideo, UnsupportedVideo, VideoTooLarge
from alive402.providers.base import Answer

log = structlog.get_logger(__name__)

ENGINE = "alibaba-cloud-facebody-2019-12-30"
CONNECT_SECONDS = 5.0
_NO_UPLOADS = "Uploads are not judged here: the cloud fetches the video itself. Send a URL that anyone can fetch."
# Cloud errors about the video or about overload; all others concern the operator only.
_ERRORS: dict[str, type[CodedError]] = {
    "IllegalUrlParameter": InvalidUrl,
    "InvalidFile.Download": Unreachable,
    "InvalidFile.Content": UnsupportedVideo,
    "InvalidFile.Decode": UndecodableVideo,
    "InvalidFile.Resolution": VideoTooLarge,
    "InternalError.Timeout": AnalysisTimeout,
    "Throttling": Busy,
    "Throttling.User": Busy,
    "ServiceUnavailable": Busy,
}


@dataclass(frozen=True, slots=True)
class CloudAccount:
    """Endpoint and credentials of the cloud; `endpoint` is a host, with `http://` before it for no TLS."""

    access_key_id: str
    access_key_secret: str = field(repr=False)
    endpoint: str


@dataclass(frozen=True, slots=True)
class AlibabaProvider:
    """Calls the cloud once per call, for at most `seconds`; a LiveConfidence above `threshold` means live.

    The cloud fetches the video itself, so its bytes, sha256 and cues are not known here.
    """

    account: CloudAccount
    fetching: FetchLimits
    threshold: float = 0.5
    seconds: float = 60.0
    uploads: Uploads | None = None
    _client: Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        host = self.account.endpoint.removeprefix("http://").removeprefix("https://").rstrip("/")
        config = Config(
            access_key_id=self.account.access_key_id,
            access_key_secret=self.account.access_key_secret,
            endpoint=host,
            protocol="http" if self.account.endpoint.startswith("http://") else "https",
        )
        object.__setattr__(self, "_client", Client(config))

    def check(self, given: Mapping[str, Any]) -> None:
        """Refuse a URL that can never be fetched; raises InvalidUrl."""
        if self.uploads is not None and self.uploads.named_in(given["VideoUrl"]) is not None:
            raise InvalidUrl(_NO_UPLOADS)
        check_url(given["VideoUrl"], self.fetching)

    async def answer(self, given: Mapping[str, Any], progress: Progress | None = None) -> Answer:
        """Send the video's URL to the cloud and translate its answer; raises IntakeError or AnalysisError."""
        if progress is not None:
            progress("looking", 0.0)
        request = DetectVideoLivingFaceRequest(video_url=given["VideoUrl"])
        options = RuntimeOptions(
            connect_timeout=round(1000 * CONNECT_SECONDS), read_timeout=round(1000 * self.seconds), autoretry=False
        )
        try:
            async with asyncio.timeout(self.seconds):
                answer = await self._client.detect_video_living_face_with_options_async(request, options)
        except TimeoutError:
            raise AnalysisTimeout from None
        except (TeaException, UnretryableException) as error:
            raise _ours(error) from None
        data = answer.body.data
        elements = [each.to_map() for each in (data.elements or [])] if data is not None else []
        # Of several faces the cloud judges only the largest.
        if not elements:
            raise NoFace
        return Answer(elements, self._report(elements[0], answer.body.request_id))

    def _report(self, element: dict[str, Any], request_id: str | None) -> dict[str, Any]:
        confidence = float(element["LiveConfidence"])
        live = confidence >= self.threshold
        said = "above" if live else "below"
        message = f"Alibaba Cloud's confidence is {confidence:.2f}, {said} the threshold of {self.threshold:.2f}."
        return {
            "verdict": "live" if live else "spoof",
            "live_confidence": confidence,
            "threshold": self.threshold,
            "attack_type": None if live else "unknown",
            "reasons": [{"code": "cloud_confidence", "message": message}],
            "faces": [{"rect": element.get("Rect"), "face_confidence": element.get("FaceConfidence"), "frames": None}],
            "frames": [],
            "cues": {},
            "quality": None,
            "video": {"sha256": None},
            "engine": {"version": ENGINE, "weights_sha256": None, "request_id": request_id},
            "timing": {},
        }


def _ours(error: Exception) -> CodedError:
    """The error for the caller; errors of the operator's cloud account go to the log only."""
    code = getattr(error, "code", None)
    kind = _ERRORS.get(str(code))
    if kind is not None:
        return kind()
    inner = getattr(error, "inner_exception", error)
    log.error("the cloud did not answer", code=code, error=type(inner).__name__)
    return AnalysisFailed()
