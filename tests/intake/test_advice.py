"""Tests of wording errors for the user of this machine."""

from __future__ import annotations

import pytest

from alive402.errors import CodedError
from alive402.intake import InvalidUrl, Unreachable, local_advice
from alive402.intake.errors import ForbiddenAddress, HostNotFound, UpstreamStatus
from alive402.liveness import AnalysisFailed, NoFace


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ForbiddenAddress(), "--allow-private-hosts"),
        (InvalidUrl("VideoUrl names a port.", ports=[80, 443]), "Only ports 80, 443"),
        (UpstreamStatus(upstream_status=404), "answered 404: there is no file at this URL"),
        (UpstreamStatus(upstream_status=403), "wants a sign-in"),
        (UpstreamStatus(upstream_status=503), "Try again later"),
        (UpstreamStatus(upstream_status=204), "answered 204 instead of the file"),
        (HostNotFound(), "The host of the URL was not found"),
        (InvalidUrl(), "The URL is not a URL that can be fetched"),
        (Unreachable(), "Check that it can be fetched"),
        (AnalysisFailed(), "Please report it"),
        (NoFace(), "No face was found."),
    ],
)
def test_advice_fits_the_error(error: CodedError, said: str) -> None:
    sentence = local_advice(error)
    assert said in sentence
    assert "VideoUrl" not in sentence
    assert "request id" not in sentence
