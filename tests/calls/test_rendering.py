"""Tests of the JSON bodies of answers and errors."""

from __future__ import annotations

from alive402.calls.rendering import answer_body, error_body, report_link, stored_answer_body
from alive402.liveness import NoFace
from alive402.receipts import KeptAnswer


def test_stored_answer_has_the_body_of_the_answer_and_its_payment() -> None:
    data, receipt = {"Action": "x"}, {"transaction": "0x1"}
    body = stored_answer_body(KeptAnswer("report", "request", "service", data, receipt), "https://a.example")
    assert body == {**answer_body("request", data, "report", "https://a.example"), "payment": receipt}
    assert body["reportUrl"] == "https://a.example/reports/report"


def test_answer_that_is_not_stored_has_no_report_url() -> None:
    assert report_link("https://a.example", None) == {}
    assert "reportUrl" not in answer_body("request", {}, None, "https://a.example")


def test_error_has_details_only_if_there_are_any() -> None:
    assert error_body(NoFace(), "request") == {
        "requestId": "request",
        "code": "no_face",
        "message": NoFace.default,
        "charged": False,
    }
    assert error_body(NoFace(frames=2), "request")["details"] == {"frames": 2}
