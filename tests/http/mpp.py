"""A buyer by MPP made by hand: reads challenges, signs one, and writes the credential."""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime
from typing import Any

from eth_account.signers.local import LocalAccount
from web3 import Web3

_TYPES = {
    "TransferWithAuthorization": [
        {"name": name, "type": kind}
        for name, kind in [
            ("from", "address"),
            ("to", "address"),
            ("value", "uint256"),
            ("validAfter", "uint256"),
            ("validBefore", "uint256"),
            ("nonce", "bytes32"),
        ]
    ]
}


def packed(value: object) -> str:
    """Base64url of JSON."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unpacked(text: str) -> Any:
    """The JSON in base64url."""
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def challenges(header: str) -> list[dict[str, str]]:
    """The challenges of a WWW-Authenticate header."""
    return [dict(re.findall(r'(\w+)="([^"]*)"', each)) for each in re.split(r",\s*(?=Payment )", header)]


def signed(account: LocalAccount, challenge: dict[str, str], **changes: object) -> dict[str, Any]:
    """The payload that pays a challenge; `changes` are signed too."""
    charge = unpacked(challenge["request"])
    message: dict[str, Any] = {
        "from": account.address,
        "to": charge["recipient"],
        "value": charge["amount"],
        "validAfter": "0",
        "validBefore": str(int(datetime.fromisoformat(challenge["expires"]).timestamp())),
        "nonce": Web3.to_hex(Web3.keccak(text=challenge["id"] + challenge["realm"])),
        **changes,
    }
    domain = {
        "name": "USDC",
        "version": "2",
        "chainId": charge["methodDetails"]["chainId"],
        "verifyingContract": charge["currency"],
    }
    numbers = {name: int(message[name]) for name in ("value", "validAfter", "validBefore")}
    typed = {**message, **numbers, "nonce": bytes.fromhex(message["nonce"][2:])}
    signature = account.sign_typed_data(domain, _TYPES, typed).signature
    return {"type": "authorization", **message, "signature": "0x" + bytes(signature).hex()}


def credential(challenge: dict[str, str], payload: object) -> str:
    """The Authorization header."""
    return "Payment " + packed({"challenge": challenge, "payload": payload})


def paying(account: LocalAccount, header: str) -> dict[str, str]:
    """The headers that pay the first challenge of a WWW-Authenticate header."""
    (first, *_) = challenges(header)
    return {"Authorization": credential(first, signed(account, first))}
