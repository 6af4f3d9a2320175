"""Tests of an agent that knows only the site's root URL: it discovers, pays for and calls a service."""

from __future__ import annotations

import asyncio
import re
import tempfile
from pathlib import Path
from typing import Any

import cv2
import httpx
from eth_account import Account
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from x402 import x402Client
from x402.http.clients.httpx import wrapHttpxWithPayment
from x402.mechanisms.evm.exact import register_exact_evm_client
from x402.mechanisms.evm.signers import EthAccountSigner

from alive402.demo import Clips, run_service, serve_files
from tests.conftest import Image


async def json_at(http: httpx.AsyncClient, url: str) -> Any:
    answer = await http.get(url)
    assert answer.status_code == 200, (url, answer.text)
    return answer.json()


def with_uri(schema: dict[str, Any], value: str) -> Any:
    """A request that fits the schema: `value` for each URI, and no optional property."""
    match schema["type"]:
        case "object":
            names = schema.get("required") or [name for name, each in schema["properties"].items() if "format" in each]
            return {name: with_uri(schema["properties"][name], value) for name in names}
        case "array":
            return [with_uri(schema["items"], value)]
        case _:
            assert schema["format"] == "uri"
            return value


async def walk(root: str, file: str, question: str) -> dict[str, Any]:
    """Call the service, with addresses and names from the site's documents only."""
    wallet, client = Account.create(), x402Client()
    register_exact_evm_client(client, EthAccountSigner(wallet))
    async with wrapHttpxWithPayment(client, timeout=180) as http:
        links = (await http.get(root)).headers["Link"]
        (discovery,) = re.findall(r'<([^>]+)>; rel="service-meta"', links)
        site = await json_at(http, discovery)

        guide = await json_at(http, site["agentGuideUrl"])
        (faucet,) = {url for note in guide["notes"] for url in re.findall(r'POST (\S+) with {"address"', note)}
        assert (await http.post(faucet, json={"address": wallet.address})).status_code == 200

        found = (await http.get(site["searchUrl"], params={"q": question})).json()
        chosen = found["services"][0]
        assert chosen["pricing"]["amountCents"] <= 50
        assert chosen["quality"]["healthStatus"] in {"healthy", "unknown"}  # unknown until the first check is done

        body = with_uri(chosen["inputSchema"], file)
        Draft202012Validator(chosen["inputSchema"]).validate(body)
        answer = await http.request(chosen["method"], chosen["endpoint"], json=body)
        assert answer.status_code == 200, answer.text
        assert answer.headers["PAYMENT-RESPONSE"]
        Draft202012Validator(chosen["outputSchema"]).validate(answer.json())

        (linkset,) = re.findall(r'<([^>]+)>; rel="api-catalog"', links)
        items = (await json_at(http, linkset))["linkset"][0]["item"]
        assert chosen["endpoint"] in {item["href"] for item in items}
        document = await json_at(http, site["openapiUrl"])
        paths = {document["servers"][0]["url"] + path for path in document["paths"]}
        assert chosen["endpoint"] in paths
        listed = {each["id"]: each["quality"] for each in (await json_at(http, site["catalogUrl"]))["services"]}
        assert listed[chosen["id"]]["successCount"] == 1
    return dict(answer.json())


QUESTIONS = [
    ("was this selfie video filmed from a screen?", "clip.mp4", "DetectVideoLivingFace"),
    ("is this photo of a face live?", "face.jpg", "DetectLivingFace"),
]


def test_agent_buys_an_answer_from_the_root_url(short_clips: Clips, person: list[Image], tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").symlink_to(short_clips.bona_fide)
    cv2.imwrite(str(tmp_path / "face.jpg"), person[60])

    async def calls() -> list[dict[str, Any]]:
        with tempfile.TemporaryDirectory() as folder, serve_files(tmp_path) as files:
            async with run_service(Path(folder)) as service:
                return [await walk(service, f"{files}/{name}", question) for question, name, _ in QUESTIONS]

    answers = [answer["data"] for answer in asyncio.run(calls())]
    assert [data["Action"] for data in answers] == [action for _, _, action in QUESTIONS]
    assert {data["Liveness"]["verdict"] for data in answers} <= {"live", "spoof", "inconclusive"}
