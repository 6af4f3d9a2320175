# A smart wallet of one owner for the dev chain: a contract that holds test money and checks its owner's signatures.
# pragma version 0.4.3
# It accepts what deployed wallets do: 65 bytes (r, s, v), alone or with further bytes behind them, and either of the two
# values of s. One authorization therefore has several good signatures.
VALID: constant(bytes4) = 0x1626ba7e
INVALID: constant(bytes4) = 0xffffffff

owner: public(address)


@external
def setup(owner: address):
    assert self.owner == empty(address), "wallet: it has an owner"
    self.owner = owner


@view
@external
def isValidSignature(digest: bytes32, signature: Bytes[2048]) -> bytes4:
    if len(signature) < 65:
        return INVALID
    v: uint256 = convert(slice(signature, 64, 1), uint256)
    r: uint256 = convert(slice(signature, 0, 32), uint256)
    s: uint256 = convert(slice(signature, 32, 32), uint256)
    signer: address = ecrecover(digest, v, r, s)
    if signer == empty(address) or signer != self.owner:
        return INVALID
    return VALID
