"""The scheme's `Scheme`: reads and checks a signed authorization, and spells its addresses."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from web3 import Web3
from x402.interfaces import SchemeNetworkServer
from x402.mechanisms.evm.exact import ExactEvmServerScheme
from x402.schemas import PaymentPayload, PaymentRequirements

from alive402.payments.core import Money, PaymentMalformed
from alive402.payments.x402.schemes.base import NOTHING, ChainReader, Scheme, Terms
from alive402.payments.x402.schemes.exact_evm import options, v1
from alive402.payments.x402.schemes.exact_evm.chain import Web3ChainReader

FAMILY = "eip155"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_WORD = re.compile(r"0x[0-9a-fA-F]{64}")
_SIGNATURE = re.compile(r"0x(?:[0-9a-fA-F]{2}){1,2048}")
_UINT = re.compile(r"[0-9]{1,78}")
_SIGNED = {"from": _ADDRESS, "to": _ADDRESS, "nonce": _WORD, "value": _UINT, "validAfter": _UINT, "validBefore": _UINT}
_NUMBERS = ("value", "validAfter", "validBefore")
# The end of the year 9999: a database integer has 63 bits.
_LATEST = 253_402_300_799

# A 402 shows the same few addresses each time, and each checksum is a hash.
_checksummed = lru_cache(maxsize=256)(Web3.to_checksum_address)


class ExactEvm:
    """EIP-3009 on EVM networks. Addresses, nonces and transactions are hex, whose case says nothing."""

    name = options.NAME
    family = FAMILY
    method = "evm"
    transaction_form = "0x and 64 hex digits"
    settles_less = False
    verify_sees_used = True

    def __init__(self) -> None:
        # The package's type annotation of its own scheme is narrower than its protocol.
        self.server: SchemeNetworkServer = ExactEvmServerScheme()  # type: ignore[assignment, no-untyped-call]
        self.network_titles: Mapping[str, str] = options.NETWORK_TITLES
        self.v1_networks: Mapping[str, str] = v1.NETWORKS

    def connect(self, url: str) -> ChainReader:
        """A reader over the node's JSON-RPC."""
        return Web3ChainReader.at(url)

    def default_asset(self, network: str) -> str | None:
        """The network's USDC."""
        return options.default_asset(network)

    def requirements(self, terms: Terms, offered: Mapping[str, Any] = NOTHING) -> PaymentRequirements:
        """The terms, with the token's EIP-712 name and version as `extra`."""
        return options.requirements(terms)

    def problem(self, requirements: PaymentRequirements) -> str | None:
        """Whether the token's EIP-712 name and version are missing."""
        return options.problem(requirements)

    def handles(self, accepted: PaymentRequirements) -> bool:
        """Whether they are `exact` on an EVM network, by EIP-3009."""
        same = accepted.scheme == self.name and accepted.network.partition(":")[0] == self.family
        return same and accepted.extra.get(options.ASSET_TRANSFER_METHOD, options.EIP3009) == options.EIP3009

    def money(self, payload: PaymentPayload) -> Money:
        """The money of an authorization, addresses and nonce in lower case.

        Raises:
            PaymentMalformed: the payload has no EIP-3009 authorization with a signature.
        """
        authorization = payload.payload.get("authorization")
        signature = payload.payload.get("signature")
        asset = payload.accepted.asset
        if not isinstance(authorization, dict) or not _is(_SIGNATURE, signature) or not self.is_address(asset):
            raise PaymentMalformed
        if not all(_is(shape, authorization.get(name)) for name, shape in _SIGNED.items()):
            raise PaymentMalformed
        # One spelling per authorization: otherwise 0xAB and 0xab would be two payments.
        said = {name: self.spelled(str(authorization[name])) for name in _SIGNED}
        numbers = {name: str(int(said[name])) for name in _NUMBERS}
        # Hash the signed fields only, because a sender may change the others.
        proof = json.dumps({**said, **numbers, "signature": self.spelled(str(signature))}, sort_keys=True)
        return Money(
            network=payload.accepted.network,
            asset=self.spelled(asset),
            payer=said["from"],
            nonce=said["nonce"],
            pay_to=said["to"],
            amount=int(said["value"]),
            valid_before=min(int(said["validBefore"]), _LATEST),
            proof=hashlib.sha256(proof.encode()).hexdigest(),
        )

    def from_v1(self, payload: dict[str, Any], asked: Sequence[PaymentRequirements]) -> PaymentPayload:
        """The same authorization, for the token that its signature names."""
        return v1.upgraded(payload, asked, self.spelled)

    def signed(self, money: Money) -> bool:
        """Whether the nonce is one of EIP-3009: 32 bytes as hex."""
        return money.network.partition(":")[0] == self.family and _WORD.fullmatch(money.nonce) is not None

    def spelled(self, text: str) -> str:
        """Hex in lower case."""
        return text.lower()

    def shown(self, address: str) -> str:
        """With EIP-55's checksum, which mixed case carries."""
        return _checksummed(address)

    def is_address(self, text: str) -> bool:
        """Whether it is 0x and 40 hex digits."""
        return _ADDRESS.fullmatch(text) is not None

    def is_transaction(self, text: str) -> bool:
        """Whether it is 0x and 64 hex digits."""
        return _WORD.fullmatch(text) is not None


def _is(shape: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and shape.fullmatch(value) is not None


EXACT_EVM: Scheme = ExactEvm()
