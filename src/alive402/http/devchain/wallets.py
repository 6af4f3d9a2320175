"""Test wallets that live in this process and sign like a browser wallet, so that the page needs no cryptography."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from typing import Annotated

from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, StringConstraints

from alive402.calls import NewPayments
from alive402.http.core import POSTED, BoundedRoute, RequestRefused, refusals
from alive402.payments.core import TooManyPayments
from alive402.payments.devchain import NETWORK, TOKEN_ADDRESS, DevChain

AMOUNT = 5_000_000
MOST_WALLETS = 1_000
TYPES = {
    "EIP712Domain": [
        {"name": "name", "type": "string"},
        {"name": "version", "type": "string"},
        {"name": "chainId", "type": "uint256"},
        {"name": "verifyingContract", "type": "address"},
    ],
    "TransferWithAuthorization": [
        {"name": "from", "type": "address"},
        {"name": "to", "type": "address"},
        {"name": "value", "type": "uint256"},
        {"name": "validAfter", "type": "uint256"},
        {"name": "validBefore", "type": "uint256"},
        {"name": "nonce", "type": "bytes32"},
    ],
}
_Address = Annotated[str, StringConstraints(pattern="^0x[0-9a-fA-F]{40}$")]
_Uint = Annotated[str, StringConstraints(pattern="^[0-9]{1,38}$")]


class UnknownWallet(RequestRefused):
    """The wallet belongs to another run of the service, or was dropped."""

    code = "unknown_wallet"
    status = 404
    default = "This test wallet no longer exists: test money ends with its process. Make a new one."


class Wallet(BaseModel):
    """A test wallet. `handle` is its secret: anyone who has it can spend. `balance` in atomic units, six decimals."""

    address: str
    handle: str
    network: str
    asset: str
    balance: str
    note: str


class Domain(BaseModel):
    """The EIP-712 domain of a token."""

    name: str = Field(max_length=64)
    version: str = Field(max_length=16)
    chainId: int = Field(ge=0, lt=2**53)  # noqa: N815
    verifyingContract: _Address  # noqa: N815


class Authorization(BaseModel):
    """EIP-3009's transferWithAuthorization; numbers as decimal digits."""

    sender: _Address = Field(alias="from")
    to: _Address
    value: _Uint
    validAfter: _Uint  # noqa: N815
    validBefore: _Uint  # noqa: N815
    nonce: Annotated[str, StringConstraints(pattern="^0x[0-9a-fA-F]{64}$")]


class TypedData(BaseModel):
    """Input of `eth_signTypedData_v4`, for the only type that is signed here; `types` is therefore not read."""

    domain: Domain
    primaryType: Annotated[str, StringConstraints(pattern="^TransferWithAuthorization$")]  # noqa: N815
    message: Authorization


class Signature(BaseModel):
    """65 bytes as hex: r, s, v."""

    signature: str


class Wallets:
    """Up to `MOST_WALLETS` accounts by their secret handles; the oldest is dropped first."""

    def __init__(self, chain: DevChain) -> None:
        self._chain = chain
        self._accounts: OrderedDict[str, LocalAccount] = OrderedDict()

    async def make(self) -> tuple[str, LocalAccount]:
        """Create an account with `AMOUNT` of test money; returns its handle too."""
        account: LocalAccount = Account.create()
        await asyncio.to_thread(self._chain.mint, account.address, AMOUNT)
        handle = secrets.token_urlsafe(24)
        self._accounts[handle] = account
        if len(self._accounts) > MOST_WALLETS:
            self._accounts.popitem(last=False)
        return handle, account

    def find(self, handle: str) -> LocalAccount:
        """The account of a handle.

        Raises:
            UnknownWallet: there is none.
        """
        account = self._accounts.get(handle)
        if account is None:
            raise UnknownWallet
        return account


def router(chain: DevChain, new_payments: NewPayments, note: str) -> APIRouter:
    """Routes `POST /devchain/wallets` and `…/{handle}/sign`; wallets per address are limited like new payments."""
    routes = APIRouter(prefix="/devchain/wallets", tags=["test money"], route_class=BoundedRoute)
    wallets = Wallets(chain)

    @routes.post("", operation_id="make_test_wallet", summary="Get a funded test wallet; its money has no value",
                 status_code=201, responses=refusals(TooManyPayments, ledger=False))  # fmt: skip
    async def make(request: Request) -> Wallet:
        await new_payments.admit(request.client.host if request.client else None)
        handle, account = await wallets.make()
        return Wallet(
            address=account.address,
            handle=handle,
            network=NETWORK,
            asset=TOKEN_ADDRESS,
            balance=str(AMOUNT),
            note=note,
        )

    @routes.post("/{handle}/sign", operation_id="sign_with_test_wallet", summary="Sign with a test wallet",
                 responses=refusals(UnknownWallet, *POSTED, ledger=False))  # fmt: skip
    async def sign(handle: str, typed: TypedData) -> Signature:
        account = wallets.find(handle)
        message = {
            "types": TYPES,
            "primaryType": typed.primaryType,
            "domain": typed.domain.model_dump(),
            "message": typed.message.model_dump(by_alias=True),
        }
        signed = account.sign_message(encode_typed_data(full_message=message))
        return Signature(signature="0x" + signed.signature.hex())

    return routes
