"""The local MCP server over standard input and output."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from tests.wire import command_line
from tests.wire.service import INITIALIZED, initialize, read_text


class Stdio:
    """`alive402 mcp` as a child process, asked over its standard input."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            command_line.child("mcp"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=command_line.environment(),
            text=True,
        )
        self._send(initialize())

    def ready(self) -> Any:
        """The server's part of the handshake."""
        answer = self._receive(0)
        self._send(INITIALIZED)
        return answer

    def ask(self, number: int, method: str, params: Mapping[str, Any] | None = None) -> Any:
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": dict(params or {})})
        return read_text(self._receive(number))

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def _receive(self, number: int) -> Any:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            if message.get("id") == number:
                return message
        raise AssertionError("the MCP server ended")
