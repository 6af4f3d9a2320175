# A dollar-like test token with EIP-3009 transfers, for the chain in this process; its money has no worth.
# pragma version 0.4.3
# Test money: an ERC-20 with EIP-3009, whose code the dev chain places at the address of Base Sepolia's USDC.
# Anyone may mint here: it has no worth, and it never leaves the process it lives in.
# Nobody has ether for an `approve` here, so minted money is approved for Permit2 at once.
# Revert reasons are those that x402 facilitators read to tell a buyer what was wrong.

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    value: uint256

event Approval:
    owner: indexed(address)
    spender: indexed(address)
    value: uint256

event AuthorizationUsed:
    authorizer: indexed(address)
    nonce: indexed(bytes32)

event AuthorizationCanceled:
    authorizer: indexed(address)
    nonce: indexed(bytes32)

name: public(constant(String[4])) = "USDC"
symbol: public(constant(String[4])) = "USDC"
version: public(constant(String[1])) = "2"
decimals: public(constant(uint8)) = 6

DOMAIN_TYPE: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
TRANSFER_TYPE: constant(bytes32) = keccak256(
    "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
)
CANCEL_TYPE: constant(bytes32) = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)")
# Half of the order of secp256k1: a larger s is the same signature written a second way.
HALF_ORDER: constant(uint256) = 57896044618658097711785492504343953926418782139537452191302581570759080747168

PERMIT2: constant(address) = 0x000000000022D473030F116dDEE9F6B43aC78BA3

totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
authorizationState: public(HashMap[address, HashMap[bytes32, bool]])


@external
def mint(to: address, amount: uint256):
    assert to != empty(address), "ERC20: mint to the zero address"
    self.totalSupply += amount
    self.balanceOf[to] += amount
    self.allowance[to][PERMIT2] = max_value(uint256)
    log Transfer(sender=empty(address), receiver=to, value=amount)


@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    log Approval(owner=msg.sender, spender=spender, value=amount)
    return True


@external
def transfer(to: address, amount: uint256) -> bool:
    self._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    assert self.allowance[owner][msg.sender] >= amount, "ERC20: transfer amount exceeds allowance"
    self.allowance[owner][msg.sender] -= amount
    self._move(owner, to, amount)
    return True


@view
@external
def DOMAIN_SEPARATOR() -> bytes32:
    return self._domain()


@external
def transferWithAuthorization(
    owner: address, to: address, amount: uint256, validAfter: uint256, validBefore: uint256, nonce: bytes32,
    v: uint8, r: bytes32, s: bytes32,
):
    digest: bytes32 = self._digest(self._transfer_hash(owner, to, amount, validAfter, validBefore, nonce))
    self._check_key(owner, digest, convert(v, uint256), convert(r, uint256), convert(s, uint256))
    self._spend(owner, to, amount, validAfter, validBefore, nonce)


@external
def cancelAuthorization(authorizer: address, nonce: bytes32, v: uint8, r: bytes32, s: bytes32):
    assert not self.authorizationState[authorizer][nonce], "FiatTokenV2: authorization is used or canceled"
    digest: bytes32 = self._digest(keccak256(abi_encode(CANCEL_TYPE, authorizer, nonce)))
    self._check_key(authorizer, digest, convert(v, uint256), convert(r, uint256), convert(s, uint256))
    self.authorizationState[authorizer][nonce] = True
    log AuthorizationCanceled(authorizer=authorizer, nonce=nonce)


# `transferWithAuthorization(…, bytes signature)`, the other form of EIP-3009. Vyper has no overloading, so it is reached by
# its selector. Only a key's 65 bytes (r, s, v) are taken: no smart wallet lives on this chain, it has no deployments.
@external
def __default__():
    assert len(msg.data) >= 4 + 32 * 8 + 65, "no such function"
    assert slice(msg.data, 0, 4) == method_id(
        "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"
    ), "no such function"
    owner: address = empty(address)
    to: address = empty(address)
    amount: uint256 = 0
    after: uint256 = 0
    before: uint256 = 0
    nonce: bytes32 = empty(bytes32)
    offset: uint256 = 0
    length: uint256 = 0
    owner, to, amount, after, before, nonce, offset, length = abi_decode(
        slice(msg.data, 4, 256), (address, address, uint256, uint256, uint256, bytes32, uint256, uint256)
    )
    assert offset == 32 * 7 and length == 65, "FiatTokenV2: invalid signature"
    signature: Bytes[65] = slice(msg.data, 260, 65)
    digest: bytes32 = self._digest(self._transfer_hash(owner, to, amount, after, before, nonce))
    self._check_key(
        owner,
        digest,
        convert(slice(signature, 64, 1), uint256),
        convert(slice(signature, 0, 32), uint256),
        convert(slice(signature, 32, 32), uint256),
    )
    self._spend(owner, to, amount, after, before, nonce)


@internal
def _spend(owner: address, to: address, amount: uint256, validAfter: uint256, validBefore: uint256, nonce: bytes32):
    assert block.timestamp > validAfter, "FiatTokenV2: authorization is not yet valid"
    assert block.timestamp < validBefore, "FiatTokenV2: authorization is expired"
    assert not self.authorizationState[owner][nonce], "FiatTokenV2: authorization is used or canceled"
    self.authorizationState[owner][nonce] = True
    log AuthorizationUsed(authorizer=owner, nonce=nonce)
    self._move(owner, to, amount)


@internal
def _move(owner: address, to: address, amount: uint256):
    assert to != empty(address), "ERC20: transfer to the zero address"
    assert self.balanceOf[owner] >= amount, "ERC20: transfer amount exceeds balance"
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount
    log Transfer(sender=owner, receiver=to, value=amount)


@view
@internal
def _check_key(owner: address, digest: bytes32, v: uint256, r: uint256, s: uint256):
    assert s <= HALF_ORDER, "FiatTokenV2: invalid signature"
    signer: address = ecrecover(digest, v, r, s)
    assert signer != empty(address) and signer == owner, "FiatTokenV2: invalid signature"


@view
@internal
def _domain() -> bytes32:
    return keccak256(abi_encode(DOMAIN_TYPE, keccak256(name), keccak256(version), chain.id, self))


@view
@internal
def _digest(struct_hash: bytes32) -> bytes32:
    return keccak256(concat(b"\x19\x01", self._domain(), struct_hash))


@pure
@internal
def _transfer_hash(
    owner: address, to: address, amount: uint256, validAfter: uint256, validBefore: uint256, nonce: bytes32
) -> bytes32:
    return keccak256(abi_encode(TRANSFER_TYPE, owner, to, amount, validAfter, validBefore, nonce))
