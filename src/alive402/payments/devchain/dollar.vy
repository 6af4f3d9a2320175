# What both parts of the test token share: balances, authorizations and the check of signatures. Not a contract of its own.
# pragma version 0.4.3
# `token.vy` and `token_bytes.vy` initialize this module alone, so both have its storage at the same places.
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
# What a wallet's `isValidSignature` returns for a good signature (ERC-1271): the selector, as a 32-byte word.
VALID: constant(bytes32) = 0x1626ba7e00000000000000000000000000000000000000000000000000000000

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


@internal
def transfer_signed(
    owner: address,
    to: address,
    amount: uint256,
    validAfter: uint256,
    validBefore: uint256,
    nonce: bytes32,
    signature: Bytes[2048],
):
    fields: bytes32 = keccak256(abi_encode(TRANSFER_TYPE, owner, to, amount, validAfter, validBefore, nonce))
    self._check_signature(owner, self._digest(fields), signature)
    assert block.timestamp > validAfter, "FiatTokenV2: authorization is not yet valid"
    assert block.timestamp < validBefore, "FiatTokenV2: authorization is expired"
    self._use(owner, nonce)
    log AuthorizationUsed(authorizer=owner, nonce=nonce)
    self._move(owner, to, amount)


@internal
def cancel_signed(authorizer: address, nonce: bytes32, signature: Bytes[2048]):
    self._check_signature(authorizer, self._digest(keccak256(abi_encode(CANCEL_TYPE, authorizer, nonce))), signature)
    self._use(authorizer, nonce)
    log AuthorizationCanceled(authorizer=authorizer, nonce=nonce)


@pure
@internal
def joined(v: uint8, r: bytes32, s: bytes32) -> Bytes[65]:
    return concat(r, s, slice(convert(convert(v, uint256), bytes32), 31, 1))


@internal
def _use(owner: address, nonce: bytes32):
    assert not self.authorizationState[owner][nonce], "FiatTokenV2: authorization is used or canceled"
    self.authorizationState[owner][nonce] = True


@internal
def _move(owner: address, to: address, amount: uint256):
    assert to != empty(address), "ERC20: transfer to the zero address"
    assert self.balanceOf[owner] >= amount, "ERC20: transfer amount exceeds balance"
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount
    log Transfer(sender=owner, receiver=to, value=amount)


# As USDC 2.2 does: the code at the owner's address decides who checks the signature, not the signature's length.
@view
@internal
def _check_signature(owner: address, digest: bytes32, signature: Bytes[2048]):
    if owner.is_contract:
        self._ask_wallet(owner, digest, signature)
        return
    assert len(signature) == 65, "FiatTokenV2: invalid signature"
    s: uint256 = convert(slice(signature, 32, 32), uint256)
    assert s <= HALF_ORDER, "FiatTokenV2: invalid signature"
    v: uint256 = convert(slice(signature, 64, 1), uint256)
    signer: address = ecrecover(digest, v, convert(slice(signature, 0, 32), uint256), s)
    assert signer != empty(address) and signer == owner, "FiatTokenV2: invalid signature"


@view
@internal
def _ask_wallet(wallet: address, digest: bytes32, signature: Bytes[2048]):
    done: bool = False
    answer: Bytes[32] = b""
    done, answer = raw_call(
        wallet,
        abi_encode(digest, signature, method_id=method_id("isValidSignature(bytes32,bytes)")),
        max_outsize=32,
        is_static_call=True,
        revert_on_failure=False,
    )
    assert done and len(answer) == 32 and convert(answer, bytes32) == VALID, "FiatTokenV2: invalid signature"


@view
@internal
def _domain() -> bytes32:
    return keccak256(abi_encode(DOMAIN_TYPE, keccak256(name), keccak256(version), chain.id, self))


@view
@internal
def _digest(struct_hash: bytes32) -> bytes32:
    return keccak256(concat(b"\x19\x01", self._domain(), struct_hash))
