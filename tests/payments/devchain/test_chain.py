"""Tests of the test chain: its token moves money once by both forms of EIP-3009."""

from __future__ import annotations

import time

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_tester.exceptions import TransactionFailed
from web3 import Web3
from web3.logs import DISCARD
from x402.mechanisms.evm.constants import MULTICALL3_ADDRESS

from alive402.payments.devchain import CHAIN_ID, TOKEN_ADDRESS, DevChain
from alive402.payments.devchain.genesis import artifact

SELLER = Account.create().address
BYTES_FORM = [
    {
        "type": "function",
        "name": "transferWithAuthorization",
        "stateMutability": "nonpayable",
        "outputs": [],
        "inputs": [
            {"name": name, "type": kind}
            for name, kind in (
                ("from", "address"),
                ("to", "address"),
                ("value", "uint256"),
                ("validAfter", "uint256"),
                ("validBefore", "uint256"),
                ("nonce", "bytes32"),
                ("signature", "bytes"),
            )
        ],
    }
]


@pytest.fixture(scope="module")
def chain() -> DevChain:
    return DevChain()


@pytest.fixture
def payer(chain: DevChain) -> LocalAccount:
    account: LocalAccount = Account.create()
    chain.mint(account.address, 1_000_000)
    return account


def authorization(
    payer: LocalAccount, value: int, *, nonce: bytes = b"\x01" * 32, lives: int = 300
) -> tuple[list, object]:
    message = {
        "from": payer.address,
        "to": SELLER,
        "value": value,
        "validAfter": 0,
        "validBefore": int(time.time()) + lives,
        "nonce": nonce,
    }
    kinds = ("address", "address", "uint256", "uint256", "uint256", "bytes32")
    signed = payer.sign_message(
        encode_typed_data(
            domain_data={
                "name": "USDC",
                "version": "2",
                "chainId": CHAIN_ID,
                "verifyingContract": TOKEN_ADDRESS,
            },
            message_types={
                "TransferWithAuthorization": [
                    {"name": name, "type": kind} for name, kind in zip(message, kinds, strict=True)
                ]
            },
            message_data=message,
        )
    )
    return list(message.values()), signed


def test_chain_has_the_id_and_token_that_buyers_expect(chain: DevChain) -> None:
    assert chain.web3.eth.chain_id == 84532
    call = chain.token.functions
    assert (call.name().call(), call.version().call(), call.decimals().call()) == ("USDC", "2", 6)


def test_authorization_moves_money_once(chain: DevChain, payer: LocalAccount) -> None:
    values, signed = authorization(payer, 200_000)
    parts = [signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")]  # type: ignore[attr-defined]
    call = chain.token.functions.transferWithAuthorization(*values, *parts)
    before = chain.balance(SELLER)
    mined = chain.web3.eth.get_transaction_receipt(
        chain.send({"to": chain.token.address, "data": call._encode_transaction_data()})  # type: ignore[arg-type]
    )
    assert mined["status"] == 1
    (used,) = chain.token.events.AuthorizationUsed().process_receipt(mined, DISCARD)
    assert (used["args"]["authorizer"], used["args"]["nonce"]) == (payer.address, values[-1])
    assert chain.token.functions.authorizationState(payer.address, values[-1]).call() is True
    assert (chain.balance(payer.address), chain.balance(SELLER) - before) == (800_000, 200_000)
    with pytest.raises(TransactionFailed, match=r"authorization is used or canceled"):
        call.call()


def test_bytes_signature_form_moves_money_once(chain: DevChain, payer: LocalAccount) -> None:
    contract = chain.web3.eth.contract(address=chain.token.address, abi=BYTES_FORM)
    values, signed = authorization(payer, 200_000)
    data = contract.encode_abi("transferWithAuthorization", args=[*values, bytes(signed.signature)])  # type: ignore[attr-defined]
    mined = chain.web3.eth.get_transaction_receipt(chain.send({"to": chain.token.address, "data": data}))  # type: ignore[arg-type]
    assert mined["status"] == 1
    assert chain.balance(payer.address) == 800_000
    again = chain.web3.eth.get_transaction_receipt(chain.send({"to": chain.token.address, "data": data}))  # type: ignore[arg-type]
    assert again["status"] == 0
    assert chain.balance(payer.address) == 800_000


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"value": 2_000_000}, "transfer amount exceeds balance"),
        ({"lives": -10}, "authorization is expired"),
        ({"stranger": True}, "invalid signature"),
    ],
)
def test_token_reverts_with_the_expected_reasons(
    chain: DevChain, payer: LocalAccount, change: dict[str, object], reason: str
) -> None:
    values, signed = authorization(
        payer,
        int(change.get("value", 1)),  # type: ignore[call-overload]
        lives=int(change.get("lives", 300)),  # type: ignore[call-overload]
    )
    if "stranger" in change:
        values[0] = Account.create().address
    parts = [signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")]  # type: ignore[attr-defined]
    with pytest.raises(TransactionFailed, match=reason):
        chain.token.functions.transferWithAuthorization(*values, *parts).call()


@pytest.mark.parametrize("number", [1, 5, 0xFFFF])
def test_multicall_runs_no_precompiled_contract(chain: DevChain, number: int) -> None:
    contract = chain.web3.eth.contract(address=MULTICALL3_ADDRESS, abi=artifact("multicall3")["abi"])  # type: ignore[arg-type]
    several = contract.functions.tryAggregate
    target = Web3.to_checksum_address(f"0x{number:040x}")
    with pytest.raises(TransactionFailed, match="precompiled contract"):
        several(False, [(target, b"")]).call()
    balance = bytes.fromhex(chain.token.encode_abi("balanceOf", args=[SELLER])[2:])
    ((done, _),) = several(False, [(chain.token.address, balance)]).call()
    assert done
    ((done, reason),) = several(False, [(chain.token.address, b"none")]).call()
    assert not done
    assert reason == b""


def test_high_s_signature_is_refused(chain: DevChain, payer: LocalAccount) -> None:
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    values, signed = authorization(payer, 1)
    twin = [55 - signed.v, signed.r.to_bytes(32, "big"), (order - signed.s).to_bytes(32, "big")]  # type: ignore[attr-defined]
    with pytest.raises(TransactionFailed, match=r"invalid signature"):
        chain.token.functions.transferWithAuthorization(*values, *twin).call()
