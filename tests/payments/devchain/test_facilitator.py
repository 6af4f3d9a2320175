"""The dev chain's facilitator: smart wallets pay by ERC-1271 and ERC-6492, only with their owner's signature."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account
from x402 import x402ClientSync
from x402.mechanisms.evm.exact import register_exact_evm_client
from x402.schemas import PaymentPayload, PaymentRequired, PaymentRequirements, ResourceInfo

from alive402.payments.devchain import WALLET_FACTORY, DevChain, DevFacilitator
from alive402.payments.x402.schemes import Terms
from alive402.payments.x402.schemes.exact_evm import EXACT_EVM
from tests.smart_wallets import (
    Form,
    SmartWallet,
    longer,
    plain,
    strangers,
    twin,
    wrapped,
    wrapped_by_a_stranger,
)

pytestmark = pytest.mark.anyio
SELLER = Account.create().address
STRANGE_FACTORY = Account.create().address


@pytest.fixture(scope="module")
def chain() -> DevChain:
    return DevChain()


def asked(chain: DevChain) -> PaymentRequirements:
    return EXACT_EVM.requirements(Terms(chain.network, chain.token.address, 200_000, SELLER, 300))


def signed(chain: DevChain, wallet: Any) -> PaymentPayload:
    client = register_exact_evm_client(x402ClientSync(), wallet)
    required = PaymentRequired(resource=ResourceInfo(url="http://a/b"), accepts=[asked(chain)])
    payload = client.create_payment_payload(required)
    assert isinstance(payload, PaymentPayload)
    return payload


@pytest.mark.parametrize(
    ("form", "deployed"),
    [(plain, True), (longer, True), (twin, True), (wrapped, True), (wrapped, False)],
    ids=["65 bytes", "66 bytes", "the other s", "deployed and wrapped", "undeployed and wrapped"],
)
async def test_smart_wallet_pays(chain: DevChain, form: Form, deployed: bool) -> None:
    facilitator = DevFacilitator(chain, [WALLET_FACTORY])
    wallet = SmartWallet(chain, form, deployed=deployed)
    payload, before = signed(chain, wallet), chain.balance(SELLER)
    verified = await facilitator.verify(payload, asked(chain))
    assert verified.is_valid, verified
    assert wallet.deployed is deployed, "verifying changes nothing"
    settled = await facilitator.settle(payload, asked(chain))
    assert settled.success, settled
    assert wallet.deployed
    assert (chain.balance(wallet.address), chain.balance(SELLER) - before) == (800_000, 200_000)
    found = await chain.reader.find_transfer(EXACT_EVM.money(payload))
    assert found is not None
    assert found.transaction == settled.transaction


@pytest.mark.parametrize(
    ("form", "deployed", "factories", "factory", "money", "reason"),
    [
        (wrapped, False, [], WALLET_FACTORY, 10**6, "eip6492_factory_not_allowed"),
        (wrapped, False, [WALLET_FACTORY], STRANGE_FACTORY, 10**6, "eip6492_factory_not_allowed"),
        (longer, False, [WALLET_FACTORY], "", 10**6, "invalid_exact_evm_payload_undeployed_smart_wallet"),
        (plain, False, [WALLET_FACTORY], "", 10**6, "invalid_exact_evm_payload_signature"),
        (strangers, True, [], "", 10**6, "invalid_exact_evm_payload_signature"),
        (wrapped_by_a_stranger, False, [WALLET_FACTORY], WALLET_FACTORY, 10**6, "invalid_exact_evm_payload_signature"),
        (wrapped_by_a_stranger, True, [WALLET_FACTORY], WALLET_FACTORY, 10**6, "invalid_exact_evm_payload_signature"),
        (longer, True, [], "", 100, "invalid_exact_evm_insufficient_balance"),
        (wrapped, False, [WALLET_FACTORY], WALLET_FACTORY, 100, "invalid_exact_evm_insufficient_balance"),
        (wrapped, False, [STRANGE_FACTORY], STRANGE_FACTORY, 10**6, "invalid_exact_evm_payload_signature"),
    ],
    ids=[
        "no factory is listed",
        "another factory is listed",
        "undeployed without wrapper",
        "undeployed with 65 bytes",
        "wrong owner, deployed",
        "wrong owner, undeployed",
        "wrong owner, wrapped though deployed",
        "too little money, deployed",
        "too little money, undeployed",
        "a listed factory that deploys nothing",
    ],
)
async def test_payment_that_could_not_settle_is_refused_with_a_reason(
    chain: DevChain, form: Form, deployed: bool, factories: list[str], factory: str, money: int, reason: str
) -> None:
    facilitator = DevFacilitator(chain, factories)
    wallet = SmartWallet(chain, form, deployed=deployed, money=money, factory=factory or WALLET_FACTORY)
    payload, before = signed(chain, wallet), chain.balance(SELLER)
    verified = await facilitator.verify(payload, asked(chain))
    assert (verified.is_valid, verified.invalid_reason) == (False, reason)
    settled = await facilitator.settle(payload, asked(chain))
    assert not settled.success
    assert (chain.balance(wallet.address), chain.balance(SELLER)) == (money, before)


async def test_second_signature_of_the_same_authorization_moves_nothing(chain: DevChain) -> None:
    facilitator = DevFacilitator(chain)
    wallet = SmartWallet(chain, longer, deployed=True)
    payload = signed(chain, wallet)
    assert (await facilitator.settle(payload, asked(chain))).success
    first = str(payload.payload["signature"])
    for other in (first[:-2], first + "01", first[:-2] + "ff"):
        again = payload.model_copy(update={"payload": {**payload.payload, "signature": other}})
        verified = await facilitator.verify(again, asked(chain))
        assert (verified.is_valid, verified.invalid_reason) == (False, "invalid_exact_evm_nonce_already_used")
        assert not (await facilitator.settle(again, asked(chain))).success
        one, second = EXACT_EVM.money(payload), EXACT_EVM.money(again)
        assert (one.payer, one.nonce, one.asset, one.network) == (
            second.payer,
            second.nonce,
            second.asset,
            second.network,
        )
    assert chain.balance(wallet.address) == 800_000


def test_wallets_address_belongs_to_its_owner(chain: DevChain) -> None:
    """A stranger who knows the salt gets another address, so money sent ahead of the deployment is safe."""
    wallet = SmartWallet(chain, plain, money=0)
    contract = wallet._contract
    assert contract.functions.address_of(Account.create().address, wallet.salt).call() != wallet.address
    wallet.deploy()
    wallet.deploy()
    code = chain.web3.eth.contract(
        address=wallet.address,
        abi=[
            {
                "type": "function",
                "name": "owner",
                "stateMutability": "view",
                "inputs": [],
                "outputs": [{"name": "", "type": "address"}],
            }
        ],
    )
    assert code.functions.owner().call() == wallet.owner.address
