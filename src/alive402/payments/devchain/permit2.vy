# Permit2's transfers by signature: a payer approves this contract once, then signs each transfer.
# pragma version 0.4.3
# The part of Uniswap's Permit2 that x402 needs, written anew, at Permit2's own address. A nonce is one bit: its upper 248 bits
# name the word, its lower 8 bits the place in it. The real contract also takes compact signatures of 64 bytes.

struct TokenPermissions:
    token: address
    amount: uint256

struct PermitTransferFrom:
    permitted: TokenPermissions
    nonce: uint256
    deadline: uint256

struct SignatureTransferDetails:
    to: address
    requestedAmount: uint256

interface Token:
    def transferFrom(owner: address, to: address, amount: uint256) -> bool: nonpayable

interface SmartWallet:
    def isValidSignature(digest: bytes32, signature: Bytes[1024]) -> bytes4: view

event UnorderedNonceInvalidation:
    owner: indexed(address)
    word: uint256
    mask: uint256

DOMAIN_TYPE: constant(bytes32) = keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)")
PERMISSIONS_TYPE: constant(bytes32) = keccak256("TokenPermissions(address token,uint256 amount)")
# The type of the witness, and those that it names, follow: the caller of this contract gives them.
TRANSFER_TYPE: constant(String[100]) = (
    "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,"
)
IS_VALID: constant(bytes4) = 0x1626ba7e

nonceBitmap: public(HashMap[address, HashMap[uint256, uint256]])


@view
@external
def DOMAIN_SEPARATOR() -> bytes32:
    return self._domain()


@external
def invalidateUnorderedNonces(wordPos: uint256, mask: uint256):
    self.nonceBitmap[msg.sender][wordPos] |= mask
    log UnorderedNonceInvalidation(owner=msg.sender, word=wordPos, mask=mask)


@external
def permitWitnessTransferFrom(
    permit: PermitTransferFrom,
    transferDetails: SignatureTransferDetails,
    owner: address,
    witness: bytes32,
    witnessTypeString: String[256],
    signature: Bytes[1024],
):
    assert block.timestamp <= permit.deadline, "SignatureExpired"
    assert transferDetails.requestedAmount <= permit.permitted.amount, "InvalidAmount"
    self._use(owner, permit.nonce)
    permitted: bytes32 = keccak256(abi_encode(PERMISSIONS_TYPE, permit.permitted.token, permit.permitted.amount))
    signed: bytes32 = keccak256(
        abi_encode(
            keccak256(concat(TRANSFER_TYPE, witnessTypeString)),
            permitted,
            msg.sender,
            permit.nonce,
            permit.deadline,
            witness,
        )
    )
    self._check_signer(owner, keccak256(concat(b"\x19\x01", self._domain(), signed)), signature)
    assert extcall Token(permit.permitted.token).transferFrom(
        owner, transferDetails.to, transferDetails.requestedAmount
    ), "TRANSFER_FROM_FAILED"


@internal
def _use(owner: address, nonce: uint256):
    bit: uint256 = 1 << (nonce & 255)
    used: uint256 = self.nonceBitmap[owner][nonce >> 8]
    assert used & bit == 0, "InvalidNonce"
    self.nonceBitmap[owner][nonce >> 8] = used | bit


@view
@internal
def _check_signer(owner: address, digest: bytes32, signature: Bytes[1024]):
    if owner.codesize != 0:
        assert staticcall SmartWallet(owner).isValidSignature(digest, signature) == IS_VALID, "InvalidContractSignature"
        return
    assert len(signature) == 65, "InvalidSignatureLength"
    signer: address = ecrecover(
        digest,
        convert(slice(signature, 64, 1), uint256),
        convert(slice(signature, 0, 32), uint256),
        convert(slice(signature, 32, 32), uint256),
    )
    assert signer != empty(address), "InvalidSignature"
    assert signer == owner, "InvalidSigner"


@view
@internal
def _domain() -> bytes32:
    return keccak256(abi_encode(DOMAIN_TYPE, keccak256("Permit2"), chain.id, self))
