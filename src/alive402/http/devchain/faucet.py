"""Test money: a faucet, and read-only JSON-RPC access to the dev chain for any web3 tool."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from eth_tester.exceptions import TransactionFailed
from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from alive402.calls import NewPayments
from alive402.http.core import POSTED, BoundedRoute, RequestRefused, refusals
from alive402.http.devchain import wallets
from alive402.payments.devchain import GAS_LIMIT, NETWORK, TOKEN_ADDRESS, DevChain

FAUCET_AMOUNT = 5_000_000
NOTE = "Test money of this one process. It has no value and exists nowhere else."
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
# Addresses below are the EVM's precompiled contracts, which run longer than their gas suggests. Without an address the
# caller supplies code.
_RUNS_CODE = ("eth_call", "eth_estimateGas")
_LEAST_ADDRESS = 0x10000
READ_ONLY = frozenset(
    {
        "eth_blockNumber",
        "eth_call",
        "eth_chainId",
        "eth_estimateGas",
        "eth_gasPrice",
        "eth_getBalance",
        "eth_getBlockByHash",
        "eth_getBlockByNumber",
        "eth_getCode",
        "eth_getLogs",
        "eth_getTransactionByHash",
        "eth_getTransactionCount",
        "eth_getTransactionReceipt",
        "net_version",
        "web3_clientVersion",
    }
)


class InvalidAddress(RequestRefused):
    """The value is not an address."""

    code = "invalid_address"
    default = "`address` must be 0x and 40 hex digits."


class Ask(BaseModel):
    """A request for test money."""

    address: str


class Given(BaseModel):
    """The test money that was minted. `amount` and `balance` in atomic units, six decimals."""

    network: str
    asset: str
    address: str
    amount: str
    balance: str
    transaction: str
    note: str


class Call(BaseModel):
    """A JSON-RPC 2.0 request."""

    jsonrpc: str = "2.0"
    id: int | str | None = None
    method: str = Field(max_length=64)
    params: list[Any] = Field(default_factory=list, max_length=8)

    def result(self, value: Any) -> JSONResponse:
        """The response with the result."""
        return JSONResponse({"jsonrpc": "2.0", "id": self.id, "result": value})

    def error(self, code: int, message: str, **more: Any) -> JSONResponse:
        """The response with an error."""
        return JSONResponse({"jsonrpc": "2.0", "id": self.id, "error": {"code": code, "message": message, **more}})


def router(chain: DevChain, new_payments: NewPayments) -> APIRouter:
    """Routes `POST /devchain/faucet`, `POST /devchain/rpc`, and the test wallets."""
    routes = APIRouter()
    routes.include_router(_window(chain))
    routes.include_router(wallets.router(chain, new_payments, NOTE))
    return routes


def _window(chain: DevChain) -> APIRouter:
    routes = APIRouter(prefix="/devchain", tags=["test money"], route_class=BoundedRoute)

    @routes.post(
        "/faucet",
        operation_id="faucet",
        summary="Get test money, which has no value",
        responses=refusals(InvalidAddress, *POSTED, ledger=False),
    )
    async def faucet(ask: Ask) -> Given:
        if not _ADDRESS.fullmatch(ask.address):
            raise InvalidAddress
        transaction = await asyncio.to_thread(chain.mint, ask.address, FAUCET_AMOUNT)
        return Given(
            network=NETWORK,
            asset=TOKEN_ADDRESS,
            address=ask.address,
            amount=str(FAUCET_AMOUNT),
            balance=str(await asyncio.to_thread(chain.balance, ask.address)),
            transaction=transaction,
            note=NOTE,
        )

    @routes.post(
        "/rpc",
        operation_id="read_chain",
        summary="Read the test chain by JSON-RPC",
        responses=refusals(*POSTED, ledger=False),
    )
    async def rpc(call: Call) -> JSONResponse:
        if call.method not in READ_ONLY:
            return call.error(-32601, "This RPC is read-only.")
        try:
            params = _bounded(call.params) if call.method in _RUNS_CODE else call.params
            answer = await asyncio.to_thread(chain.rpc, call.method, params)
        except TransactionFailed as error:
            return call.error(3, _words(error), data="0x")
        # Invalid parameters make the EVM raise arbitrary exceptions; they are reported as JSON-RPC errors.
        except Exception as error:
            return call.error(-32602, _words(error))
        if "error" in answer:
            return call.error(answer["error"]["code"], answer["error"]["message"])
        return call.result(_wire(answer.get("result")))

    return routes


def _bounded(params: list[Any]) -> list[Any]:
    """Limit the gas of a call to that of a transaction, because the EVM runs in Python and blocks other callers.

    Raises:
        ValueError: the call would run code other than this chain's contracts.
    """
    if not params or not isinstance(params[0], dict):
        return params
    said, to = params[0], params[0].get("to")
    if not isinstance(to, str) or not _ADDRESS.fullmatch(to) or int(to, 16) < _LEAST_ADDRESS:
        raise ValueError("`to` must be the address of a contract or of a wallet.")
    wanted = said.get("gas", GAS_LIMIT)
    gas = int(wanted, 16) if isinstance(wanted, str) else int(wanted)
    return [{**said, "gas": hex(min(gas, GAS_LIMIT))}, *params[1:]]


def _words(error: Exception) -> str:
    """An exception's message, shortened; half a surrogate pair is replaced by a question mark."""
    return str(error)[:300].encode(errors="replace").decode()


def _wire(value: Any) -> Any:
    """Encode Python values for JSON-RPC: quantities and bytes as 0x-hex."""
    match value:
        case bool() | str() | None:
            return value
        case int():
            return hex(value)
        case bytes() | bytearray():
            return "0x" + value.hex()
        case dict():
            return {
                name: "0x" + inner.to_bytes(256, "big").hex()
                if name == "logsBloom" and isinstance(inner, int)
                else _wire(inner)
                for name, inner in value.items()
            }
        case list() | tuple():
            return [_wire(inner) for inner in value]
        case _:
            return _wire(dict(value)) if hasattr(value, "items") else str(value)
