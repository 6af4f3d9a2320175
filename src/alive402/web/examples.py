"""Examples of a call, ready to copy: curl, Python, JavaScript, an agent's MCP configuration."""

from __future__ import annotations

import json
from dataclasses import dataclass

from alive402.catalog import ServiceDefinition, SiteCatalog

_PYTHON = """\
# pip install "x402[evm]" httpx
import asyncio
import os

from eth_account import Account
from x402 import x402Client
from x402.http.clients.httpx import wrapHttpxWithPayment
from x402.mechanisms.evm.exact import register_exact_evm_client
from x402.mechanisms.evm.signers import EthAccountSigner


async def main() -> None:
    wallet = x402Client()
    register_exact_evm_client(wallet, EthAccountSigner(Account.from_key(os.environ["WALLET_KEY"])))
    async with wrapHttpxWithPayment(wallet, timeout=180) as http:
        answer = await http.post("{url}", json={body})
    print(answer.raise_for_status().json()["data"]["{report}"]["verdict"])


asyncio.run(main())
"""
_JAVASCRIPT = """\
// Node 22 or a browser. POST {payments} returns TOKEN at once; it pays for calls once its payment is paid.
const answer = await fetch("{url}", {{
  method: "POST",
  headers: {{ "Content-Type": "application/json", "X-Payment-Token": TOKEN }},
  body: JSON.stringify({body}),
}});
const said = await answer.json();
console.log(answer.ok ? said.data.{report}.verdict : said.message);
"""
_CURL = """\
# Unpaid: HTTP 402 says what to sign.
curl -s -X POST {url} \\
  -H 'Content-Type: application/json' -d '{body}'

# Paid: the same request with the signed payment, or with the token of a payment made ahead:
# POST {payments} returns it at once, and it pays for calls once its payment is paid.
curl -s -X POST {url} \\
  -H 'Content-Type: application/json' -d '{body}' \\
  -H "X-Payment-Token: $TOKEN"
"""


@dataclass(frozen=True, slots=True)
class Example:
    """One example: its name, a short id, and the text to copy."""

    name: str
    slug: str
    text: str


def examples(service: ServiceDefinition, site: SiteCatalog) -> tuple[Example, ...]:
    """The examples that apply to the site, with its addresses."""
    url, body = site.url(service.paths[0]), json.dumps(service.example_input)
    payments, report = site.url("/api/payments"), service.report_field
    found = (
        Example("curl", "curl", _CURL.format(url=url, payments=payments, body=body.replace("'", "'\\''"))),
        Example("Python", "python", _PYTHON.format(url=url, body=repr(service.example_input), report=report)),
        Example("JavaScript", "javascript", _JAVASCRIPT.format(url=url, payments=payments, body=body, report=report)),
    )
    if not site.mcp:
        return found
    server = {"type": "http", "url": site.url("/mcp"), "headers": {"X-Payment-Token": "…"}}
    return (
        *found,
        Example("MCP", "mcp", json.dumps({"mcpServers": {site.name: server}}, indent=2, ensure_ascii=False)),
    )
