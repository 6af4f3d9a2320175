# A dollar-like test token with EIP-3009 transfers, for the chain in this process; its money has no worth.
# pragma version 0.4.3
# Test money: an ERC-20 with EIP-3009, whose code the dev chain places at the address of Base Sepolia's USDC.
# Anyone may mint here: it has no worth, and it never leaves the process it lives in.
from . import dollar

initializes: dollar

exports: (
    dollar.name,
    dollar.symbol,
    dollar.version,
    dollar.decimals,
    dollar.totalSupply,
    dollar.balanceOf,
    dollar.allowance,
    dollar.authorizationState,
    dollar.mint,
    dollar.approve,
    dollar.transfer,
    dollar.transferFrom,
    dollar.DOMAIN_SEPARATOR,
)

# Where the dev chain places `token_bytes.vy`.
OTHER_FORM: constant(address) = 0x3009000000000000000000000000000000003009


@external
def transferWithAuthorization(
    owner: address, to: address, amount: uint256, validAfter: uint256, validBefore: uint256, nonce: bytes32,
    v: uint8, r: bytes32, s: bytes32,
):
    dollar.transfer_signed(owner, to, amount, validAfter, validBefore, nonce, dollar.joined(v, r, s))


@external
def cancelAuthorization(authorizer: address, nonce: bytes32, v: uint8, r: bytes32, s: bytes32):
    dollar.cancel_signed(authorizer, nonce, dollar.joined(v, r, s))


# `transferWithAuthorization(…, bytes signature)`, the other form of EIP-3009. Vyper has no overloading, so the code of
# another contract handles it on this one's storage.
@external
def __default__():
    raw_call(OTHER_FORM, msg.data, is_delegate_call=True)
