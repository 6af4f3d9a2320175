"""Test money on the Solana dev chain: a faucet, and read-only JSON-RPC for any Solana tool."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from alive402.http.core import POSTED, BoundedRoute, RequestRefused, refusals
from alive402.http.devchain.faucet import FAUCET_AMOUNT, NOTE, Ask, Call
from alive402.payments.devchain.solana import MINT, NETWORK, Rpc, SolanaDevChain, UnknownMethod
from alive402.payments.x402.schemes.exact_svm import EXACT_SVM


class InvalidSolanaAddress(RequestRefused):
    """The value is not an address on Solana."""

    code = "invalid_address"
    default = "`address` must be the 32 to 44 base58 characters of a wallet."


class Given(BaseModel):
    """The test money that was added. `amount` and `balance` in atomic units, six decimals."""

    network: str
    asset: str
    address: str
    amount: str
    balance: str
    note: str


def router(chain: SolanaDevChain) -> APIRouter:
    """Routes `POST /devchain/solana/faucet` and `POST /devchain/solana/rpc`."""
    routes = APIRouter(prefix="/devchain/solana", tags=["test money"], route_class=BoundedRoute)
    node = Rpc(chain)

    @routes.post(
        "/faucet",
        operation_id="solana_faucet",
        summary="Get test money on the Solana test chain, which has no value",
        responses=refusals(InvalidSolanaAddress, *POSTED, ledger=False),
    )
    async def faucet(ask: Ask) -> Given:
        if not EXACT_SVM.is_address(ask.address):
            raise InvalidSolanaAddress
        try:
            await asyncio.to_thread(chain.mint, ask.address, FAUCET_AMOUNT)
        except ValueError:
            raise InvalidSolanaAddress from None
        return Given(
            network=NETWORK,
            asset=MINT,
            address=ask.address,
            amount=str(FAUCET_AMOUNT),
            balance=str(await asyncio.to_thread(chain.balance, ask.address)),
            note=NOTE,
        )

    @routes.post(
        "/rpc",
        operation_id="read_solana_chain",
        summary="Read the Solana test chain by JSON-RPC",
        responses=refusals(*POSTED, ledger=False),
    )
    async def rpc(call: Call) -> JSONResponse:
        try:
            result = await asyncio.to_thread(node.call, call.method, call.params)
        except UnknownMethod as error:
            return call.error(-32601, str(error))
        # Invalid parameters make the machine raise arbitrary exceptions; they are reported as JSON-RPC errors.
        except Exception:
            return call.error(-32602, "The parameters are not valid.")
        return call.result(result)

    return routes
