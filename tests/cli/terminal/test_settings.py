"""Tests of reading settings for a command: invalid and misspelt ones."""

from __future__ import annotations

import pytest
import typer

from alive402.cli.terminal import read_settings


def test_misspelt_setting_is_warned_about(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ALIVE402_QUEU", "7")
    monkeypatch.setenv("ALIVE402_PORT", "1234")
    settings = read_settings("serve", host="127.0.0.2", network=None)
    assert (settings.queue, settings.port, settings.host, settings.network) == (None, 1234, "127.0.0.2", "dev")
    said = "alive402 serve: ALIVE402_QUEU is no setting and has no effect. Did you mean ALIVE402_QUEUE?\n"
    assert capsys.readouterr().err == said


def test_invalid_settings_end_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ALIVE402_PORT", "many")
    monkeypatch.setenv("ALIVE402_THRESHOLD", "1.5")
    with pytest.raises(typer.Exit) as ended:
        read_settings("keys list")
    assert ended.value.exit_code == 64
    lines = capsys.readouterr().err.splitlines()
    assert sorted(line.split(":")[1] for line in lines) == [" ALIVE402_PORT", " ALIVE402_THRESHOLD"]
