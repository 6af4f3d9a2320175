"""Errors of fetching, worded for the user of this machine: the command line, a batch, the library."""

from __future__ import annotations

from alive402.errors import CodedError
from alive402.intake.errors import ForbiddenAddress, InvalidUrl, UpstreamStatus
from alive402.liveness import AnalysisFailed

PRIVATE = "Add --allow-private-hosts"


def local_advice(error: CodedError) -> str:
    """What happened and what to do, in a sentence or two.

    The service's own sentences name its parameter `VideoUrl`, and cannot tell a caller to change the settings.
    """
    if isinstance(error, ForbiddenAddress):
        return f"The URL leads into your own network. {PRIVATE} to fetch from it."
    if isinstance(error, InvalidUrl) and "ports" in error.details:
        ports = ", ".join(map(str, error.details["ports"]))
        return f"Only ports {ports} are fetched from. {PRIVATE} to fetch from any port, and from your own network."
    if isinstance(error, UpstreamStatus):
        return _of_status(error.details.get("upstream_status", 0))
    if isinstance(error, AnalysisFailed):
        cause = error.__cause__
        return f"The engine failed on this file{f': {cause!r}' if cause else ''}. Please report it: the fault is ours."
    if error.message.startswith("VideoUrl"):
        return error.message.replace("VideoUrl", "The URL", 1)
    return error.message.replace("VideoUrl", "the URL")


def _of_status(status: int) -> str:
    if status in (401, 403):
        return f"The host answered {status}: it wants a sign-in. Download the file yourself and give its path."
    if status in (404, 410):
        return f"The host answered {status}: there is no file at this URL. Check its spelling."
    if status >= 500:
        return f"The host answered {status}: it has a fault of its own. Try again later."
    return f"The host answered {status} instead of the file. Open the URL in a browser to see what it has."
