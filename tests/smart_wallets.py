"""A buyer's smart wallet on the dev chain: a contract that its owner signs for, deployed or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eth_abi import encode
from eth_account import Account
from eth_account.signers.local import LocalAccount
from x402 import x402Client
from x402.http.clients.httpx import x402AsyncTransport
from x402.mechanisms.evm.constants import ERC6492_MAGIC_VALUE
from x402.mechanisms.evm.exact import register_exact_evm_client
from x402.mechanisms.evm.signers import EthAccountSigner

from alive402.demo import Buyer
from alive402.payments.devchain import WALLET_FACTORY, DevChain
from alive402.payments.devchain.genesis import artifact

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
Form = Callable[["SmartWallet", bytes], bytes]


class SmartWallet:
    """A wallet of `owner` at the address that the factory gives it; a signer for x402's client.

    `form` writes the owner's 65 bytes as the wallet's signature.
    """

    def __init__(
        self,
        chain: DevChain,
        form: Form,
        *,
        deployed: bool = False,
        money: int = 1_000_000,
        factory: str = WALLET_FACTORY,
    ) -> None:
        self.owner: LocalAccount = Account.create()
        self.form = form
        self.factory = factory
        self._chain = chain
        self._contract = chain.web3.eth.contract(address=WALLET_FACTORY, abi=artifact("wallet_factory")["abi"])  # type: ignore[arg-type]
        self.salt = Account.create().key[:32]
        self.address: str = self._contract.functions.address_of(self.owner.address, self.salt).call()
        if money:
            chain.mint(self.address, money)
        if deployed:
            self.deploy()

    @property
    def deployment(self) -> bytes:
        """The call of the factory that deploys the wallet."""
        return bytes.fromhex(self._contract.encode_abi("deploy", args=[self.owner.address, self.salt])[2:])

    @property
    def deployed(self) -> bool:
        return bool(self._chain.web3.eth.get_code(self.address))  # type: ignore[arg-type]

    def deploy(self) -> None:
        self._chain.send({"to": WALLET_FACTORY, "data": self.deployment})  # type: ignore[typeddict-item]

    def sign_typed_data(self, domain: Any, types: Any, primary_type: str, message: dict[str, Any]) -> bytes:
        return self.form(self, EthAccountSigner(self.owner).sign_typed_data(domain, types, primary_type, message))


class WalletBuyer(Buyer):
    """The official client, unmodified, with a smart wallet as its signer and account."""

    def __init__(self, url: str, wallet: SmartWallet) -> None:
        super().__init__(url)
        self.wallet = wallet
        self.account = wallet  # type: ignore[assignment]
        client = register_exact_evm_client(x402Client(), wallet)
        self._paying._transport = x402AsyncTransport(client, self._wire)


def plain(_wallet: SmartWallet, signature: bytes) -> bytes:
    """The owner's 65 bytes."""
    return signature


def longer(_wallet: SmartWallet, signature: bytes) -> bytes:
    """One byte more, as wallets with several owners have it."""
    return signature + b"\0"


def twin(_wallet: SmartWallet, signature: bytes) -> bytes:
    """The same signature with the other value of s."""
    other = ORDER - int.from_bytes(signature[32:64], "big")
    return signature[:32] + other.to_bytes(32, "big") + bytes([55 - signature[64]])


def strangers(_wallet: SmartWallet, signature: bytes) -> bytes:
    """A well-formed signature by another key."""
    return bytes(Account.create().unsafe_sign_hash(signature[:32]).signature) + b"\0"


def wrapped(wallet: SmartWallet, signature: bytes) -> bytes:
    """With the wallet's deployment around it (ERC-6492)."""
    inner = longer(wallet, signature)
    return encode(["address", "bytes", "bytes"], [wallet.factory, wallet.deployment, inner]) + ERC6492_MAGIC_VALUE


def wrapped_by_a_stranger(wallet: SmartWallet, signature: bytes) -> bytes:
    """With the right deployment, and a signature by another key."""
    inner = strangers(wallet, signature)
    return encode(["address", "bytes", "bytes"], [wallet.factory, wallet.deployment, inner]) + ERC6492_MAGIC_VALUE
