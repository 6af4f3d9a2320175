"""Errors of fetching, uploading and sandboxed judging, each with a stable code.

IntakeError                              code, sentence, HTTP status, what to do
 ├── InvalidUrl           400   invalid_url             not an http(s) URL that is fetched
 ├── ForbiddenAddress     403   forbidden_address       the host is not on the public internet
 ├── UpstreamFailed       424
 │    ├── HostNotFound    424   host_not_found          the name does not resolve
 │    ├── Unreachable     424   upstream_unreachable    no connection, broken TLS, or it broke off
 │    ├── UpstreamStatus  424   upstream_status         it answered with something else than the video
 │    ├── TooManyHops     424   too_many_redirects      more redirects than are followed
 │    └── FetchTimeout    424   fetch_timeout           the video came too slowly
 ├── InvalidImageData     400   invalid_image_data      a picture in the request is not base64
 ├── UploadGone           410   upload_gone             the upload was deleted or has expired
 ├── AnalysisTimeout      504   analysis_timeout        judging took too long and was stopped
 ├── Busy                 503   busy                    the service is at capacity; try again soon
 └── MediaFull            503   media_full              the service's disk for videos is full

UploadRefused                            the same, for a video that the caller uploads
 ├── UploadEmpty          400   upload_empty            the body is empty
 ├── UploadMalformed      400   upload_malformed        not a form with one part named `file`
 ├── UploadTooSlow        408   upload_too_slow         it came too slowly and was cut off
 ├── UploadTypeRefused    415   upload_type_refused     its Content-Type is not accepted
 ├── TooManyUploads       429   too_many_uploads        this payer has too many uploads waiting
 └── UploadsFull          503   uploads_full            the upload folder is full

No message contains the address that a name resolved to: it would map an internal network for an attacker. Errors about
the bytes themselves are in `liveness.errors`: UnsupportedVideo (415), VideoTooLarge (413).
"""

from __future__ import annotations

from alive402.errors import CodedError


class IntakeError(CodedError):
    """The video did not arrive, or could not be judged in time."""

    code = "intake_failed"
    status = 424
    default = "The video could not be fetched."


class InvalidUrl(IntakeError):
    """The URL is not an http(s) URL that can be fetched."""

    code = "invalid_url"
    status = 400
    default = "VideoUrl is not a URL that can be fetched. Send an http or https URL without user name and password."


class ForbiddenAddress(IntakeError):
    """The host is not on the public internet."""

    code = "forbidden_address"
    status = 403
    default = "VideoUrl does not lead to the public internet. Put the video where anyone can fetch it."


class UpstreamFailed(IntakeError):
    """The host of the video did not deliver it."""

    code = "upstream_failed"


class HostNotFound(UpstreamFailed):
    """The name does not resolve."""

    code = "host_not_found"
    default = "The host of VideoUrl was not found. Check its spelling."


class Unreachable(UpstreamFailed):
    """No connection, broken TLS, or the connection broke off."""

    code = "upstream_unreachable"
    default = "The host of VideoUrl did not deliver the video. Check that it can be fetched from elsewhere."


class UpstreamStatus(UpstreamFailed):
    """The host answered with a status other than success."""

    code = "upstream_status"
    default = "The host of VideoUrl did not answer with the video. `details.upstream_status` is its HTTP status."


class TooManyHops(UpstreamFailed):
    """More redirects than are followed."""

    code = "too_many_redirects"
    default = "VideoUrl redirects too often. Send the final URL."


class FetchTimeout(UpstreamFailed):
    """The video came too slowly."""

    code = "fetch_timeout"
    default = "The video came too slowly. Put it on a faster host."


class InvalidImageData(IntakeError):
    """A picture in the request is not base64."""

    code = "invalid_image_data"
    status = 400
    default = "ImageData is not base64. Send the bytes in standard base64, without line breaks or a `data:` prefix."


class UploadGone(IntakeError):
    """The upload was judged, deleted or has expired."""

    code = "upload_gone"
    status = 410
    default = "There is no such upload: it was judged, deleted, or has expired. Upload the video again."


class AnalysisTimeout(IntakeError):
    """Judging took too long and was stopped."""

    code = "analysis_timeout"
    status = 504
    default = "Judging the video took too long and was stopped. Send a shorter or smaller one."


class Busy(IntakeError):
    """The service is at capacity."""

    code = "busy"
    status = 503
    retry_after = 5
    default = "The service is at capacity. Send the same request again soon."


class MediaFull(IntakeError):
    """The disk on which videos are stored during analysis is full."""

    code = "media_full"
    status = 503
    retry_after = 60
    default = "The service has no room for the video now, and nothing was charged. Send the same request again later."


class UploadRefused(CodedError):
    """An upload was refused."""

    code = "upload_refused"
    status = 400
    default = "The upload was refused."


class UploadEmpty(UploadRefused):
    """The upload is empty."""

    code = "upload_empty"
    default = "The upload is empty. Send the video as the body, or in a form as the part `file`."


class UploadMalformed(UploadRefused):
    """A form that cannot be read, or without exactly one file in it."""

    code = "upload_malformed"
    default = "The form cannot be read. Send multipart/form-data with exactly one part, `file`."


class UploadTooSlow(UploadRefused):
    """The upload came too slowly and was cut off."""

    code = "upload_too_slow"
    status = 408
    default = "The upload came too slowly and was cut off. Use a faster connection, or send a smaller file."


class UploadTypeRefused(UploadRefused):
    """The Content-Type is not accepted."""

    code = "upload_type_refused"
    status = 415
    default = "Send the file as the body, with Content-Type video/*, image/* or application/octet-stream, or as a form."


class TooManyUploads(UploadRefused):
    """This payer has too many uploads waiting."""

    code = "too_many_uploads"
    status = 429
    default = "Too many of your uploads are waiting to be judged. Use or DELETE one, or wait for Retry-After."

    def __init__(self, retry_after: int, waiting: int) -> None:
        super().__init__(waiting=waiting)
        self.retry_after = retry_after


class UploadsFull(UploadRefused):
    """The upload folder is full."""

    code = "uploads_full"
    status = 503
    retry_after = 30
    default = "There is no room for uploads at the moment. Try again after Retry-After, or send a URL."
