# The test token's `transferWithAuthorization(…, bytes signature)`: `token.vy` runs this code on its own storage.
# pragma version 0.4.3
from . import dollar

initializes: dollar


@external
def transferWithAuthorization(
    owner: address, to: address, amount: uint256, validAfter: uint256, validBefore: uint256, nonce: bytes32,
    signature: Bytes[2048],
):
    dollar.transfer_signed(owner, to, amount, validAfter, validBefore, nonce, signature)
