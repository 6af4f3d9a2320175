"""Tests of docs/pay.md: its scripts buy answers, and its table holds every error code."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from alive402.catalog import InvalidInput
from alive402.demo import Buyer, Clips, run_service, serve_files
from alive402.http import app as _every_door  # noqa: F401  its refusals are in the tree once it is loaded
from alive402.http.core import errors as doors
from alive402.intake import IntakeError, UploadRefused, UpstreamFailed
from alive402.liveness import AnalysisError, UnusableVideo
from alive402.payments.core import NoSuchApiKey, PaymentError, PaymentsMisconfigured, RefundRefused
from alive402.payments.core.errors import PaymentConflict, TokenRefused, TooMany

PAGE = (Path(__file__).parents[2] / "docs" / "pay.md").read_text()
ABSTRACT = {
    AnalysisError,
    UnusableVideo,
    IntakeError,
    UpstreamFailed,
    UploadRefused,
    PaymentError,
    PaymentConflict,
    TokenRefused,
    TooMany,
    doors.RequestRefused,
}
OPERATORS = {PaymentsMisconfigured, NoSuchApiKey, RefundRefused}


def kinds(top: type[Exception]) -> Iterator[type[Exception]]:
    yield top
    for kind in top.__subclasses__():
        yield from kinds(kind)


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for top in (AnalysisError, IntakeError, UploadRefused, PaymentError, doors.RequestRefused, InvalidInput)
        for kind in kinds(top)
        if kind not in ABSTRACT | OPERATORS and not kind.__module__.startswith("alive402.http.devchain.")
    ],
)
def test_error_table_lists_every_code(kind: type[Exception]) -> None:
    status, code = kind.status, kind.code  # type: ignore[attr-defined]
    rows = [row for row in PAGE.splitlines() if row.startswith("|") and f"`{code}`" in row]
    assert any(str(status) in row.split("|")[1] for row in rows), (status, code)


async def said_by(script: str, service: str, video: str) -> list[str]:
    """Run a script of the page with the test money of a new wallet; returns what it prints."""
    async with Buyer(service) as buyer:
        await buyer.fund()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            script,
            env={
                **os.environ,
                "SERVICE": service,
                "WALLET_KEY": "0x" + bytes(buyer.account.key).hex(),
                "VIDEO_URL": video,
            },
            stdout=subprocess.PIPE,
        )
        said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode().split()


@pytest.mark.anyio
async def test_buyer_scripts_of_the_page_buy(short_clips: Clips, tmp_path: Path) -> None:
    single, ahead, *_ = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    with serve_files(short_clips.bona_fide.parent) as videos:
        video = f"{videos}/{short_clips.bona_fide.name}"
        async with run_service(tmp_path) as service:
            verdict, transaction = await said_by(single, service, video)
            assert verdict in {"live", "spoof", "inconclusive"}
            assert re.fullmatch(r"0x[0-9a-f]{64}", transaction)
            assert await said_by(ahead, service, video) == [verdict, "4"]
