"""Tests of an internal fault and a lost ledger on every API: one meaning, in the format of each API."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from darabonba.exceptions import DaraException
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from alive402.demo import TOOL_PATH
from alive402.payments.core import PaymentsMisconfigured
from alive402.receipts import Verdicts
from tests.http.access_keys import V3, credited, detect, made, sdk
from tests.http.alibaba.test_objects import HOST, fields_of, post, upload_policy_for
from tests.http.conftest import Service, Start
from tests.http.routes.test_jobs import ended
from tests.http.routes.test_mcp import TOOL, connected

pytestmark = pytest.mark.anyio

LOST = [
    OperationalError("SELECT secret", {}, Exception("gone")),
    InterfaceError("SELECT secret", {}, Exception("gone")),
    PoolTimeout("no connection"),
]
CASES = [*((error, "ledger_unavailable") for error in LOST), (RuntimeError("secret"), "internal_error")]
BODIES: dict[str, dict[str, Any]] = {
    "ledger_unavailable": {
        "code": "ledger_unavailable",
        "message": "The ledger cannot be reached. Send the same request again; do not sign again.",
        "charged": None,
    },
    "internal_error": {
        "code": "internal_error",
        "message": "The service failed. Send the same request again, without signing again, or report the id.",
        "charged": None,
    },
}
STATUS = {"ledger_unavailable": (503, 5), "internal_error": (500, None)}
"""Status, and seconds until a retry."""
each_case = pytest.mark.parametrize(("error", "code"), CASES, ids=lambda value: type(value).__name__)


@pytest.fixture(scope="module")
def own_service(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Service:
    return start(upload_host=HOST, media_directory=tmp_path_factory.mktemp("media"))


@pytest.fixture
def failing(own_service: Service, error: Exception, monkeypatch: pytest.MonkeyPatch) -> Service:
    """Make every lookup of a token or a signing key raise the error."""

    async def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(own_service.parts.registry.ledger_services.tokens, "recall", fail)
    monkeypatch.setattr(own_service.parts.registry.ledger_services.access_keys, "find", fail)
    return own_service


@each_case
@pytest.mark.parametrize("headers", [{}, {"Prefer": "respond-async"}], ids=["call", "job"])
async def test_http_reports_faults(failing: Service, code: str, headers: dict[str, str]) -> None:
    async with httpx.AsyncClient(timeout=60) as http:
        sent = {"X-Payment-Token": "pt_x", **headers}
        answer = await http.post(failing.url + TOOL_PATH, json={"VideoUrl": "http://example.com/v.mp4"}, headers=sent)
    status, retry = STATUS[code]
    assert answer.json() == {"requestId": answer.headers["X-Request-Id"], **BODIES[code]}
    assert (answer.status_code, answer.headers.get("Retry-After")) == (status, str(retry) if retry else None)


@each_case
async def test_mcp_reports_faults(failing: Service, code: str) -> None:
    async with connected(failing) as client:
        asked = {"VideoUrl": "http://example.com/v.mp4", "paymentToken": "pt_x"}
        body: Any = (await client.call_tool(TOOL, asked)).structured_content
    status, retry = STATUS[code]
    assert body.pop("requestId")
    assert body == {**BODIES[code], "status": status, **({"retryAfter": retry} if retry else {})}


async def test_job_reports_faults(own_service: Service, videos: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key = made(own_service, "--prepaid")
    credited(own_service, key, 1)

    def fail(_verdicts: Verdicts, _request_id: str) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(Verdicts, "report_id_of", fail)
    headers = {"X-Api-Key": key["key"], "Prefer": "respond-async"}
    async with httpx.AsyncClient(timeout=60) as http:
        begun = await http.post(own_service.url + TOOL_PATH, json={"VideoUrl": f"{videos}/face.mp4"}, headers=headers)
        assert begun.status_code == 202, begun.text
        job = (await ended(http, begun.headers["Location"])).json()
    assert job["error"].pop("requestId")
    assert job["error"] == {**BODIES["internal_error"], "status": 500}


RPC = {
    "ledger_unavailable": (
        503,
        "ServiceUnavailable",
        "ledger_unavailable: The ledger cannot be reached. Sign and send the request again.",
    ),
    "internal_error": (500, "InternalError", "The service failed. Report the request id."),
}
MISCONFIGURED = (PaymentsMisconfigured("secret"), "internal_error")
each_case_of_alibaba = pytest.mark.parametrize(
    ("error", "code"), [*CASES, MISCONFIGURED], ids=lambda value: type(value).__name__
)


@each_case_of_alibaba
def test_rpc_reports_faults(failing: Service, code: str) -> None:
    with pytest.raises(DaraException) as refused:
        detect(sdk(failing, made(failing), V3), "http://example.com/v.mp4")
    said = refused.value.data
    assert (said["statusCode"], said["Code"], said["Message"]) == RPC[code]


@each_case_of_alibaba
def test_bucket_reports_faults(
    own_service: Service, error: Exception, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = upload_policy_for(own_service, made(own_service))

    async def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(own_service.parts.registry.ledger_services.access_keys, "find", fail)
    answer = post(own_service, fields_of(given))
    said = {child.tag: child.text for child in ElementTree.fromstring(answer.content)}
    message = {
        "ledger_unavailable": "ledger_unavailable: The ledger cannot be reached.",
        "internal_error": "The service failed. Report the request id.",
    }[code]
    status, retry = STATUS[code]
    assert (answer.status_code, said["Code"], said["Message"]) == (status, RPC[code][1], message)
    assert answer.headers.get("Retry-After") == (str(retry) if retry else None)
