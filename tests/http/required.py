"""Reads the PAYMENT-REQUIRED header of a 402 answer."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx


def header_of(response: httpx.Response) -> dict[str, Any]:
    """The document of x402 version 2 in the header."""
    document: dict[str, Any] = json.loads(base64.b64decode(response.headers["PAYMENT-REQUIRED"]))
    return document
