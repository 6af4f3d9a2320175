"""Tests of what others do with a signed verdict: verify it with their library, compute its digest by our recipes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet

from alive402.payments.core import Answered
from alive402.receipts.verdicts import claims_of
from alive402.receipts.verification import ALGORITHM, TYPE
from tests.payments.prepaid.signing import keys

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "pay.md").read_text()
NUMBERS = [0, -0.0, 1.0, -1.0, 0.97, 1e-4, 9.9e-5, 1e-5, -2.5e-7, 1.25e-12, 3e-300, 0.1 + 0.2, 1e15, 1e16, 123456.789]
TEXTS = ["", "plain", "活体检测", "é\x7f\u2028", "😀", 'a "quoted" \\ word', "\n\t\b\x01", "<&>/"]
DATA: dict[str, Any] = {
    "Action": "DetectVideoLivingFace",
    "Elements": [{"LiveConfidence": number, "b": None, "A": True, "a": [[], {}]} for number in NUMBERS],
    "Liveness": {"verdict": "live", "reasons": [{"code": str(place), "é": text} for place, text in enumerate(TEXTS)]},
}


def digest_of(data: dict[str, Any]) -> str:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return str(claims_of(Answered("a" * 32, data, {}), None, at, ())["answerSha256"])


def recipe(language: str) -> str:
    """The block of a language in the docs that computes the digest."""
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    (found,) = (block for block in blocks if "sha256" in block)
    return found


def said(command: list[str], script: str, path: Path) -> str:
    path.write_text(script)
    body = json.dumps({"requestId": "r", "data": {**DATA, "Receipt": "a.b.c"}}, ensure_ascii=False)
    done = subprocess.run([*command, str(path)], input=body, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


def test_python_recipe_of_the_docs_computes_the_digest(tmp_path: Path) -> None:
    assert said([sys.executable], recipe("python"), tmp_path / "digest.py") == digest_of(DATA)


def test_javascript_recipe_of_the_docs_computes_the_digest(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    assert said([node], recipe("js"), tmp_path / "digest.mjs") == digest_of(DATA)


def test_pyjwt_verifies_a_verdict_with_the_key_alone() -> None:
    signing = keys()
    headers = {"kid": signing.kid, "typ": TYPE}
    receipt = jwt.encode({"verdict": "live", "iat": 1}, signing.private, algorithm=ALGORITHM, headers=headers)
    key = jwt.PyJWKSet.from_dict(signing.jwks())[jwt.get_unverified_header(receipt)["kid"]]
    assert jwt.decode(receipt, key)["verdict"] == "live"


def test_joserfc_verifies_a_verdict() -> None:
    signing = keys()
    headers = {"kid": signing.kid, "typ": TYPE}
    receipt = jwt.encode({"verdict": "live", "iat": 1}, signing.private, algorithm=ALGORITHM, headers=headers)
    claims = joserfc_jwt.decode(receipt, KeySet.import_key_set(signing.jwks()), algorithms=[ALGORITHM]).claims
    assert claims["verdict"] == "live"
