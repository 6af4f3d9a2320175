"""The page of a challenge, at its `captureUrl`: a person films the answer there, without an account or a payment."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from alive402.challenges import (
    CAPTURE_PATH,
    ChallengeBegun,
    ChallengeExpired,
    ChallengeRefused,
    Challenges,
    ChallengeState,
    ChallengeUnknown,
)
from alive402.http.core import accepts_pages, refusals
from alive402.http.discovery.surfaces import InvalidHost, Surfaces
from alive402.web import privacy_page, site_pages

# The URL lets anyone film the answer, so caches and search engines must not keep it.
_PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
_OVER: dict[ChallengeState, type[ChallengeRefused]] = {
    ChallengeState.BEGUN: ChallengeBegun,
    ChallengeState.EXPIRED: ChallengeExpired,
}
_AGAIN = "Go back to where you came from, and ask for a new one."
_PAGES = {
    ChallengeUnknown.code: (
        "No such challenge",
        f"This address is not complete, or the challenge is deleted. {_AGAIN}",
    ),
    ChallengeBegun.code: ("These prompts were shown already", f"Each challenge is shown once. {_AGAIN}"),
    ChallengeExpired.code: ("This challenge has expired", f"It was not answered in time. {_AGAIN}"),
}


def router(challenges: Challenges, surfaces: Surfaces, upload_seconds: float) -> APIRouter:
    """Route `GET /capture/{id}`; a clip that nobody has judged is deleted after `upload_seconds`."""
    routes = APIRouter(tags=["services"])
    kept = privacy_page.length(upload_seconds)

    @routes.get(
        CAPTURE_PATH + "/{challenge_id}",
        operation_id="capture_page",
        summary="Page where a person films the answer to a challenge",
        response_class=HTMLResponse,
        responses=refusals(ChallengeUnknown, ChallengeBegun, ChallengeExpired, InvalidHost),
    )
    async def page(request: Request, challenge_id: str) -> Response:
        site = surfaces.site(request)
        try:
            row = await challenges.find(challenge_id)
            state = row.state(datetime.now(UTC))
            if state in _OVER:
                raise _OVER[state]
        except ChallengeRefused as error:
            # Programs get the JSON error; browsers get a page.
            if not accepts_pages(request):
                raise
            title, sentence = _PAGES[error.code]
            return HTMLResponse(site_pages.missing(title, sentence, site, error.code), error.status, headers=_PRIVATE)
        waits = state is ChallengeState.ISSUED
        return HTMLResponse(site_pages.capture(site, challenge_id, kept, waits=waits), headers=_PRIVATE)

    return routes
