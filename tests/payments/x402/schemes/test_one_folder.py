"""A scheme's fields, libraries and spelling rules stay in its folder: no other module of the service names them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import alive402

SRC = Path(alive402.__file__).parent
FOLDER = re.compile(r"payments/x402/schemes/[a-z0-9_]+/")
# The EVM test chain with its facilitator and wallets, the buyers, the settings' check of their own values, and
# the registry, where packages are named.
EVM_ITSELF = (
    "payments/devchain/",
    "http/devchain/",
    "demo/",
    "client/wallet.py",
    "web/examples.py",
    "settings/accepting.py",
    "cli/serve.py",
    "payments/x402/schemes/__init__.py",
)
FIELDS = re.compile(
    r"validAfter|validBefore|TransferWithAuthorization|AuthorizationUsed|authorizationState|EIP-?3009|EIP-?712|eip155"
    r"|permit2|\.get\([\"']authorization[\"']\)|\[[\"']authorization[\"']\]|0x\[0-9a-f",
    re.IGNORECASE,
)
LIBRARIES = re.compile(r"^\s*(?:from|import) (?:web3|eth_\w+|x402\.mechanisms)\b")
RESPELLED = re.compile(
    r"(?:address|asset|payer|pay_to|\bto\b|sender|owner|nonce|transaction|wallet|account)[\w\"'\])]*"
    r"\.(?:lower|upper|casefold)\(\)",
    re.IGNORECASE,
)
# The ledger's export and the operator's page have had a column of this name from the beginning; the HTTP header that
# carries an API key is called Authorization.
COLUMN = re.compile(r"\"validBefore\"")
HEADER = re.compile(r"headers\.get\(\"authorization\"")


def named(line: str) -> bool:
    """Whether a line names a field, a library or a spelling of the scheme."""
    rest = HEADER.sub("", COLUMN.sub("", line))
    return any(pattern.search(rest) for pattern in (FIELDS, LIBRARIES, RESPELLED))


@pytest.mark.parametrize(
    "line",
    [
        'authorization["validAfter"]',
        'payload.get("authorization")',
        "same = answer.payer.lower() == money.payer",
        'found[str(row["asset"]).lower()]',
        "if transaction.lower() in seen:",
        "from web3 import Web3",
        "from x402.mechanisms.evm.exact import ExactEvmServerScheme",
        'if network.startswith("eip155:"):',
    ],
)
def test_search_recognises_scheme_specific_code(line: str) -> None:
    assert named(line)


@pytest.mark.parametrize(
    "line", ['headers.get("authorization", "")', '"validBefore": at', "from x402.schemas import A"]
)
def test_search_ignores_other_code(line: str) -> None:
    assert not named(line)


def test_only_the_folder_names_the_schemes_fields() -> None:
    found = [
        f"{path.relative_to(SRC)}:{number}: {line.strip()}"
        for path in sorted(SRC.rglob("*.py"))
        if not FOLDER.match(str(path.relative_to(SRC))) and not str(path.relative_to(SRC)).startswith(EVM_ITSELF)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if named(line)
    ]
    assert not found
