"""Tests of API keys: created and revoked on the command line, used over HTTP."""

from __future__ import annotations

import json
import sqlite3

import httpx
import pytest
from typer.testing import CliRunner, Result

from alive402.cli.main import app
from alive402.demo import TOOL_PATH
from tests.http.conftest import Service


def command(service: Service, *words: str) -> Result:
    return CliRunner().invoke(app, ["keys", *words, "--database-url", f"sqlite+aiosqlite:///{service.database}"])


def made(service: Service, *scopes: str) -> dict[str, str]:
    asked = [word for scope in scopes for word in ("--scope", scope)]
    result = command(service, "create", "--name", "back office", *asked, "--json")
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def called(service: Service, video_url: str, headers: dict[str, str]) -> httpx.Response:
    with httpx.Client(timeout=180) as http:
        return http.post(service.url + TOOL_PATH, json={"VideoUrl": video_url}, headers=headers)


def test_key_calls_free_until_revoked(service: Service, videos: str) -> None:
    key = made(service, "call", "ops")
    known = len(service.histories())
    for header in ({"Authorization": f"Bearer {key['key']}"}, {"X-Api-Key": key["key"]}):
        answer = called(service, f"{videos}/face.mp4", header)
        assert answer.status_code == 200, answer.text
        assert answer.json()["data"]["Liveness"]["verdict"] in {"live", "spoof", "inconclusive"}
        assert "PAYMENT-RESPONSE" not in answer.headers
    assert len(service.histories()) == known
    listed = json.loads(command(service, "list", "--json").stdout)["keys"]
    (row,) = [row for row in listed if row["id"] == key["id"]]
    assert (row["name"], row["scopes"], row["revokedAt"]) == ("back office", ["call", "ops"], None)
    assert row["usedAt"]
    assert command(service, "revoke", key["id"]).exit_code == 0
    refused = called(service, f"{videos}/face.mp4", {"X-Api-Key": key["key"]})
    assert (refused.status_code, refused.json()["code"]) == (401, "api_key_refused")
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    shown = command(service, "list").stdout
    assert "revoked" in shown
    assert shown.split("\n")[0].split()[:4] == ["ID", "STATE", "USED", "SCOPES"]


def test_key_without_scope_is_forbidden(service: Service, videos: str) -> None:
    key = made(service, "ledger")
    refused = called(service, f"{videos}/face.mp4", {"X-Api-Key": key["key"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "api_key_forbidden")
    assert refused.json()["details"] == {"scope": "call"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer nonsense"},
        {"X-Api-Key": "ak_" + "a" * 43},
        {"Authorization": "bearer ak_"},
    ],
)
def test_unknown_key_is_refused(service: Service, videos: str, headers: dict[str, str]) -> None:
    refused = called(service, f"{videos}/face.mp4", headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "api_key_refused")


@pytest.mark.parametrize("headers", [{"Authorization": "Basic dTpw"}, {"Authorization": "Bearer"}, {"X-Api-Key": ""}])
def test_call_without_key_requires_payment(service: Service, videos: str, headers: dict[str, str]) -> None:
    refused = called(service, f"{videos}/face.mp4", headers)
    assert (refused.status_code, refused.json()["code"]) == (402, "payment_required")


def test_key_is_stored_nowhere(service: Service) -> None:
    key = made(service, "call")
    with sqlite3.connect(service.database) as connection:
        assert key["key"] not in "\n".join(connection.iterdump())
    assert key["key"] not in command(service, "list", "--json").output


def test_command_line_reports_invalid_arguments(service: Service) -> None:
    unknown = command(service, "create", "--name", "x", "--scope", "everything")
    assert (unknown.exit_code, "there is no scope everything" in unknown.stderr) == (64, True)
    missing = command(service, "revoke", "key_none")
    assert (missing.exit_code, "No API key has this id" in missing.stderr) == (1, True)
