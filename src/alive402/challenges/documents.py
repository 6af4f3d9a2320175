"""A challenge as JSON: its request, its steps for the page that films, and the state that anyone may read."""

from __future__ import annotations

from datetime import datetime
from typing import Any, get_args

from alive402.challenges.models import ChallengeRow, ChallengeState
from alive402.intake import UPLOADS_PATH
from alive402.liveness import ChallengeOptions, MovementKind

CHALLENGES_PATH = "/api/challenges"
CAPTURE_PATH = "/capture"
CHALLENGE_REQUEST: dict[str, Any] = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "enum": ["move"], "description": "Movements of the head and the mouth."},
        "steps": {
            "type": "integer",
            "minimum": 3,
            "maximum": 8,
            "description": "How many movements, 5 by default; more are asked where `avoid` leaves fewer kinds.",
        },
        "avoid": {
            "type": "array",
            "items": {"type": "string", "enum": [*get_args(MovementKind)]},
            "maxItems": 2,
            "uniqueItems": True,
            "description": "Movements that the person cannot make.",
        },
        "pace": {
            "type": "string",
            "enum": ["normal", "slow"],
            "description": "`slow` gives twice the time for each movement.",
        },
        "bind": {
            "type": "string",
            "minLength": 1,
            "maxLength": 128,
            "description": "Your name of the session or the user; only its sha256 is stored. The paid call repeats it.",
        },
        "begin": {
            "type": "boolean",
            "description": "Begin at once: the answer has the steps. Otherwise the page that films begins it.",
        },
    },
    "additionalProperties": False,
}
"""JSON Schema of the body that makes a challenge; every member is optional."""
LONGEST_SECONDS = 60
"""A clip may not be longer."""
SPARE_SECONDS = 10


def options_of(given: dict[str, Any]) -> ChallengeOptions:
    """The options in a body that fits `CHALLENGE_REQUEST`.

    Raises:
        ValueError: steps and avoid do not go together; the message says why.
    """
    # JSON Schema accepts 5.0 as an integer.
    return ChallengeOptions(int(given.get("steps", 5)), tuple(given.get("avoid", ())), given.get("pace", "normal"))


def challenge_body(row: ChallengeRow, base: str, max_bytes: int) -> dict[str, Any]:
    """The challenge as its maker gets it and, once it is begun, the page that films: only then it has its steps.

    `base` is the service's URL, `max_bytes` the largest clip that it takes.
    """
    challenge = row.drawn()
    drawn, capture = challenge.to_dict(), challenge.filming()
    begun = row.begun_at is not None
    # A clip that films on for a while has to fit; its length is a secret until it is begun.
    longest = challenge.seconds + SPARE_SECONDS if begun else LONGEST_SECONDS
    capture["bitsPerSecond"] = min(capture["bitsPerSecond"], int(max_bytes * 8 / longest))
    if not begun:
        del capture["seconds"]
    return {
        "challengeId": row.id,
        "nonce": row.nonce,
        "kind": row.kind,
        "bits": drawn["bits"],
        "fitted": False,
        "issuedAt": _moment(row.issued_at),
        "expiresAt": _moment(row.expires_at),
        **({"answerBy": _moment(row.answer_by), "steps": drawn["steps"]} if begun else {}),
        "capture": capture,
        "captureUrl": f"{base}{CAPTURE_PATH}/{row.id}",
        "statusUrl": status_url(row, base),
    }


def state_body(row: ChallengeRow, base: str, now: datetime) -> dict[str, Any]:
    """The state of a challenge: nothing of it helps to answer, or says whose it is."""
    state = row.state(now)
    shown = {
        "challengeId": row.id,
        "state": str(state),
        "kind": row.kind,
        "bits": row.drawn().bits,
        "issuedAt": _moment(row.issued_at),
        "expiresAt": _moment(row.expires_at),
        "begunAt": _moment(row.begun_at),
        "answerBy": _moment(row.answer_by),
        "receivedAt": _moment(row.received_at),
        "uploadUrl": f"{base}{UPLOADS_PATH}/{row.upload_id}" if row.upload_id else None,
        "requestId": row.request_id if state is ChallengeState.USED else None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def status_url(row: ChallengeRow, base: str) -> str:
    """The URL of its state."""
    return f"{base}{CHALLENGES_PATH}/{row.id}"


def _moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at is not None else None
