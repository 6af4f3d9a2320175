"""Tests of the requests of docs/challenge.md."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

from alive402.demo import Clips
from tests.e2e.test_docs_uploads_and_jobs import run

PAGE = (Path(__file__).parents[2] / "docs" / "challenge.md").read_text()


def test_requests_of_the_page_make_a_challenge(clips: Clips, tmp_path: Path) -> None:
    (script,) = (each for each in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if "made.json" in each)
    asyncio.run(run(script, tmp_path, clips))
    made, challenge, clip, state = (
        json.loads((tmp_path / f"{name}.json").read_text()) for name in ("made", "challenge", "clip", "state")
    )
    assert "steps" not in made
    assert "open_mouth" not in {step["kind"] for step in challenge["steps"]}
    assert (state["state"], state["uploadUrl"]) == ("filmed", clip["url"])
