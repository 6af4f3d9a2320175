"""An agent that knows nothing but the site's root: it discovers, chooses, pays, calls and reads the answer."""

from __future__ import annotations

import asyncio
import re
import tempfile
from pathlib import Path
from typing import Any

import httpx
from eth_account import Account
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from x402 import x402Client
from x402.http.clients.httpx import wrapHttpxWithPayment
from x402.mechanisms.evm.exact import register_exact_evm_client
from x402.mechanisms.evm.signers import EthAccountSigner

from alive402.demo.clips import Clips
from alive402.demo.server import run_service, serve_files


async def json_at(http: httpx.AsyncClient, url: str) -> Any:
    answer = await http.get(url)
    assert answer.status_code == 200, (url, answer.text)
    return answer.json()


async def walk(root: str, video: str, question: str) -> dict[str, Any]:
    """Every address and name below comes from a document that the root leads to."""
    wallet, client = Account.create(), x402Client()
    register_exact_evm_client(client, EthAccountSigner(wallet))
    async with wrapHttpxWithPayment(client, timeout=180) as http:
        links = (await http.get(root)).headers["Link"]
        (discovery,) = re.findall(r'<([^>]+)>; rel="service-meta"', links)
        site = await json_at(http, discovery)

        guide = await json_at(http, site["agentGuideUrl"])
        (faucet,) = {url for note in guide["notes"] for url in re.findall(r"POST (\S+) with", note)}
        assert (await http.post(faucet, json={"address": wallet.address})).status_code == 200

        found = (await http.get(site["searchUrl"], params={"q": question})).json()
        chosen = found["services"][0]
        assert chosen["pricing"]["amountCents"] <= 50
        assert chosen["quality"]["healthStatus"] == "healthy"

        (name,) = [name for name, schema in chosen["inputSchema"]["properties"].items() if schema["format"] == "uri"]
        body = {name: video}
        Draft202012Validator(chosen["inputSchema"]).validate(body)
        answer = await http.request(chosen["method"], chosen["endpoint"], json=body)
        assert answer.status_code == 200, answer.text
        assert answer.headers["PAYMENT-RESPONSE"]
        Draft202012Validator(chosen["outputSchema"]).validate(answer.json())

        (linkset,) = re.findall(r'<([^>]+)>; rel="api-catalog"', links)
        (item,) = (await json_at(http, linkset))["linkset"][0]["item"]
        assert item["href"] == chosen["endpoint"]
        document = await json_at(http, site["openapiUrl"])
        paths = {document["servers"][0]["url"] + path for path in document["paths"]}
        assert chosen["endpoint"] in paths
        measured = (await json_at(http, site["catalogUrl"]))["services"][0]["quality"]
        assert measured["successCount"] == 1
    return dict(answer.json())


def test_from_the_root_alone_an_agent_gets_its_answer(clips: Clips) -> None:
    async def town() -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder, serve_files(clips.bona_fide.parent) as videos:
            async with run_service(Path(folder)) as service:
                return await walk(service, f"{videos}/{clips.bona_fide.name}", "was this selfie filmed from a screen?")

    answer = asyncio.run(town())
    assert answer["data"]["Liveness"]["verdict"] in {"live", "spoof", "inconclusive"}
