"""In-process EVM with Base Sepolia's chain id, and test money at the address of Base Sepolia's USDC.

Id and address are those of the real test network, because x402 clients' spend controls allow known assets only: so an
unmodified client can pay here. Nothing else is shared with that network, and the chain ends with the process.
"""

from __future__ import annotations

import threading
import time
from typing import Any, cast

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_tester import EthereumTester, PyEVMBackend
from web3 import Web3
from web3.contract import Contract
from web3.providers.eth_tester import EthereumTesterProvider
from web3.providers.eth_tester.defaults import API_ENDPOINTS
from web3.types import RPCEndpoint, RPCResponse, TxParams

from alive402.payments.devchain.genesis import account, artifact, contracts
from alive402.payments.x402.schemes import ChainReader, Scheme
from alive402.payments.x402.schemes.exact_evm import Web3ChainReader
from alive402.payments.x402.schemes.permit2 import Permit2, Permit2ChainReader

CHAIN_ID = 84532
NETWORK = f"eip155:{CHAIN_ID}"
TOKEN_ADDRESS = "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
GAS_LIMIT = 400_000
# Some buyers set `validAfter` to now; a chain whose last block is older would reject that as "not yet valid".
STALE_BLOCK_SECONDS = 5


class DevChain:
    """An EVM with one token and one operator account that pays for gas.

    Thread-safe: one lock guards the EVM. Calls block for milliseconds, so asynchronous callers use `asyncio.to_thread`.
    A different chain id and token address make a different network.
    """

    def __init__(self, chain_id: int = CHAIN_ID, token_address: str = TOKEN_ADDRESS) -> None:
        self.chain_id = chain_id
        self._operator: LocalAccount = Account.create()
        backend = PyEVMBackend(
            genesis_state={
                **contracts(token_address),
                bytes.fromhex(self._operator.address[2:]): account(balance=10**30),
                # eth-tester uses its first own account when an eth_call has no `from`.
                bytes.fromhex(Account.from_key((1).to_bytes(32, "big")).address[2:]): account(balance=10**30),
            }
        )
        backend.chain.chain_id = chain_id
        self.lock = threading.RLock()
        self.web3 = Web3(_Provider(EthereumTester(backend), self.lock, chain_id))
        self.token: Contract = self.web3.eth.contract(
            address=Web3.to_checksum_address(token_address), abi=artifact("token")["abi"]
        )

    @property
    def network(self) -> str:
        """The CAIP-2 id of the chain."""
        return f"eip155:{self.chain_id}"

    @property
    def reader(self) -> ChainReader:
        """What decides whether an EIP-3009 payment moved here."""
        return Web3ChainReader(self.web3)

    def reader_for(self, scheme: Scheme) -> ChainReader:
        """What decides whether a payment of this scheme moved here."""
        return Permit2ChainReader(self.web3) if isinstance(scheme, Permit2) else self.reader

    @staticmethod
    def new_account() -> LocalAccount:
        """A new account with its key, without money."""
        account: LocalAccount = Account.create()
        return account

    @property
    def operator(self) -> str:
        """Checksummed address of the account that sends every transaction."""
        return self._operator.address

    def send(self, transaction: TxParams) -> str:
        """Sign `transaction` as the operator, mine it, and return its hash, `0x` and 64 hex digits.

        Raises:
            web3.exceptions.Web3Exception: the chain rejects it.
        """
        with self.lock:
            filled: TxParams = {
                **transaction,
                "from": self.operator,
                "nonce": self.web3.eth.get_transaction_count(Web3.to_checksum_address(self.operator)),
                "gas": GAS_LIMIT,
                "gasPrice": self.web3.eth.gas_price,
                "value": Web3.to_wei(0, "wei"),
                "chainId": self.chain_id,
            }
            signed = self._operator.sign_transaction(cast("dict[str, Any]", filled))
            return Web3.to_hex(self.web3.eth.send_raw_transaction(signed.raw_transaction))

    def mint(self, address: str, amount: int) -> str:
        """Mint `amount` atomic units of test money for `address`; returns the transaction hash.

        Raises:
            ValueError: `address` is not an address.
        """
        call = self.token.encode_abi("mint", args=[Web3.to_checksum_address(address), amount])
        return self.send({"to": self.token.address, "data": call})

    def balance(self, address: str) -> int:
        """The test money of `address`, in atomic units."""
        return int(self.token.functions.balanceOf(Web3.to_checksum_address(address)).call())

    def rpc(self, method: str, params: list[Any]) -> RPCResponse:
        """Make one JSON-RPC call; names as in Ethereum's API, values as Python objects."""
        provider = self.web3.provider
        assert isinstance(provider, _Provider)
        return provider.request_func(self.web3, self.web3.middleware_onion)(RPCEndpoint(method), params)


class _Provider(EthereumTesterProvider):
    """eth-tester provider with a lock, our chain id, and a clock that advances between transactions."""

    def __init__(self, tester: EthereumTester, lock: threading.RLock, chain_id: int) -> None:
        endpoints = {**API_ENDPOINTS}
        endpoints["eth"] = {**endpoints["eth"], "chainId": lambda *_: chain_id}
        endpoints["net"] = {**endpoints["net"], "version": lambda *_: str(chain_id)}
        super().__init__(tester, endpoints)
        self._tester = tester
        self._lock = lock

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        with self._lock:
            now = int(time.time())
            if now - self._tester.get_block_by_number("latest")["timestamp"] > STALE_BLOCK_SECONDS:
                self._tester.time_travel(now)
            return super().make_request(method, params)
