"""Tests of docs/mcp.md: its script buys an answer, and its limits match the code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from alive402.catalog import LIVENESS
from alive402.demo import Clips, run_service, serve_files
from alive402.http.routes import mcp as door
from alive402.http.routes import mcp_transport
from alive402.mcp import PAYING, PAYMENT_KEYS
from alive402.mcp.guide import URI
from alive402.mcp.tool import RECEIPT_KEYS
from tests.e2e.test_docs import said_by

PAGE = (Path(__file__).parents[2] / "docs" / "mcp.md").read_text()


@pytest.mark.anyio
async def test_buyer_script_of_the_page_buys(short_clips: Clips, tmp_path: Path) -> None:
    (script,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    with serve_files(short_clips.bona_fide.parent) as videos:
        async with run_service(tmp_path) as service:
            video = f"{videos}/{short_clips.bona_fide.name}"
            *words, verdict, transaction = await said_by(script, service, video)
    assert " ".join(words).startswith("0% Fetching the video")
    assert "Weighing the evidence" in " ".join(words)
    assert verdict in {"live", "spoof", "inconclusive"}
    assert re.fullmatch(r"0x[0-9a-f]{64}", transaction)


def test_names_and_limits_of_the_page_match_the_code() -> None:
    limits = (f"{mcp_transport.MAX_SESSIONS:,} sessions", f"{mcp_transport.SESSIONS_PER_ADDRESS}\n  from one address")
    for name in (LIVENESS.tool_name, URI, *PAYMENT_KEYS, *RECEIPT_KEYS, door.PATH, *PAYING, *limits):
        assert name in PAGE
    assert (mcp_transport.IDLE_SECONDS, mcp_transport.REPLACEABLE_SECONDS) == (600, 30)
    for configuration in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL):
        assert "alive402" in json.loads(configuration)["mcpServers"]
