"""Errors of judging a video or picture, each with a stable code.

AnalysisError                      code, sentence, HTTP status, what to do
 ├── UnusableVideo                 the caller's video cannot be judged; sending another one helps
 │    ├── UnsupportedVideo   415   unsupported_video     not a video container that is accepted
 │    ├── UndecodableVideo   422   undecodable_video     a container, but no frame comes out of it
 │    ├── VideoTooLarge      413   video_too_large       bytes, pixels, frames, streams or seconds over the cap
 │    ├── VideoTooShort      422   video_too_short       the video is too short or has too few frames
 │    ├── NoFace             422   no_face               no face in enough frames
 │    ├── FaceTooSmall       422   face_too_small        the face has too few pixels
 │    ├── TooDark            422   too_dark              the face is under-exposed
 │    ├── TooBright          422   too_bright            the face is burnt out
 │    ├── Blurred            422   blurred               no sharp frame of the face
 │    ├── Occluded           422   face_occluded         too few frames show the whole face
 │    ├── ClipTooShort       422   clip_too_short        it ends before the last step of its challenge was due
 │    ├── ClipTooCoarse      422   clip_too_coarse       too few frames to see the answer to its challenge
 │    ├── UnsupportedImage   415   unsupported_image     not a picture of a format that is accepted
 │    ├── UndecodableImage   422   undecodable_image     a picture, but its pixels cannot be read
 │    └── ImageTooLarge      413   image_too_large       bytes or pixels over the cap
 ├── ModelsMissing           503   models_missing        the operator's set-up is not complete
 ├── AnalysisUnavailable     503   analysis_unavailable  nothing can be judged now; the operator's set-up is at fault
 └── AnalysisFailed          500   analysis_failed       our fault

The code is for programs and never changes; the sentence is for people and may change.
"""

from __future__ import annotations

from alive402.errors import CodedError


class AnalysisError(CodedError):
    """A file was not judged. `str(error)` is one sentence that says why and what to do."""

    code = "analysis_failed"
    status = 500
    default = "The analysis failed. Try again; if it fails again, report the request id."


class UnusableVideo(AnalysisError):
    """The caller's video cannot be judged; another video is needed."""

    code = "unusable_video"
    status = 422
    default = "The video cannot be judged. Send another one."


class UnsupportedVideo(UnusableVideo):
    """The bytes are not a video container that is accepted."""

    code = "unsupported_video"
    status = 415
    default = "This is not a video that can be read. Send MP4, MOV, AVI, WebM, MKV, FLV, 3GP, MPEG, WMV or RM."


class UndecodableVideo(UnusableVideo):
    """A known container, but too few frames come out of it."""

    code = "undecodable_video"
    default = "The file looks like a video, but its frames cannot be decoded. Re-encode it, for instance as H.264 MP4."


class VideoTooLarge(UnusableVideo):
    """Bytes, pixels, frames, streams or seconds are over the cap; known before the first frame is decoded."""

    code = "video_too_large"
    status = 413
    default = "The video is larger than the limits. Send a shorter or smaller one."


class VideoTooShort(UnusableVideo):
    """The video is too short or has too few frames."""

    code = "video_too_short"
    default = "The video is too short. Send at least one second; three to six are best."


class NoFace(UnusableVideo):
    """No face in enough frames."""

    code = "no_face"
    default = "No face was found. Send a video in which one face is seen from the front."


class FaceTooSmall(UnusableVideo):
    """The face has too few pixels to show what it was filmed from."""

    code = "face_too_small"
    default = "The face is too small. Come closer, so that the face is at least 64 pixels wide."


class TooDark(UnusableVideo):
    """The face is under-exposed."""

    code = "too_dark"
    default = "The face is too dark. Film again with more light on the face."


class TooBright(UnusableVideo):
    """The face is burnt out."""

    code = "too_bright"
    default = "The face is over-exposed. Film again with less light on the face."


class Blurred(UnusableVideo):
    """No frame of the face is sharp."""

    code = "blurred"
    default = "The face is blurred in every frame. Hold the camera still and film again."


class Occluded(UnusableVideo):
    """Too few frames show the whole face."""

    code = "face_occluded"
    default = "The face is covered or cut off in most frames. Film again with the whole face in view."


class ClipTooShort(UnusableVideo):
    """The clip ends before the last step of its challenge was due."""

    code = "clip_too_short"
    default = "The clip ends before the last step of its challenge. Film to the end of a new challenge."


class ClipTooCoarse(UnusableVideo):
    """The clip has too few frames to see the answer to its challenge."""

    code = "clip_too_coarse"
    default = (
        "The clip has fewer than 8 frames a second, or gaps over 0.35 seconds in more than one step of its challenge. "
        "Film a new challenge with more light, or with another camera."
    )


class UnsupportedImage(UnusableVideo):
    """The bytes are not a picture of a format that is accepted."""

    code = "unsupported_image"
    status = 415
    default = "This is not a picture that can be read. Send JPEG, PNG, WebP, BMP, HEIC or AVIF."


class UndecodableImage(UnusableVideo):
    """A known format, but its pixels cannot be read."""

    code = "undecodable_image"
    default = "The file looks like a picture, but its pixels cannot be read. Save it again, for instance as JPEG."


class ImageTooLarge(UnusableVideo):
    """Bytes or pixels are over the cap; known before the picture is decoded."""

    code = "image_too_large"
    status = 413
    default = "The picture is too large. Send one of at most 10 MB and 25 million pixels."


class ModelsMissing(AnalysisError):
    """A model file is absent or its sha256 is wrong."""

    code = "models_missing"
    status = 503
    default = "The face models are not installed. Run `alive402 models install`."


class AnalysisUnavailable(AnalysisError):
    """No file can be judged now, whatever is in it; the log says what the operator should change."""

    code = "analysis_unavailable"
    status = 503
    retry_after = 30
    default = "The service cannot judge files now, and nothing was charged. Send the same request again later."


class AnalysisFailed(AnalysisError):
    """The analyzer itself failed, was killed or ran out of time."""
