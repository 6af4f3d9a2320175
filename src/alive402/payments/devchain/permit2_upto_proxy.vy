# x402's proxy for payments up to a limit by Permit2: the facilitator that the payer signed settles any amount within it.
# pragma version 0.4.3
# Written anew, at the proxy's own address. The real one can also settle together with an EIP-2612 permit.

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

struct Witness:
    to: address
    facilitator: address
    validAfter: uint256

interface Permit2:
    def permitWitnessTransferFrom(
        permit: PermitTransferFrom,
        transferDetails: SignatureTransferDetails,
        owner: address,
        witness: bytes32,
        witnessTypeString: String[256],
        signature: Bytes[1024],
    ): nonpayable

event Settled:
    pass

PERMIT2: constant(address) = 0x000000000022D473030F116dDEE9F6B43aC78BA3
WITNESS_TYPE: constant(bytes32) = keccak256("Witness(address to,address facilitator,uint256 validAfter)")


@external
def settle(permit: PermitTransferFrom, amount: uint256, owner: address, witness: Witness, signature: Bytes[1024]):
    assert msg.sender == witness.facilitator, "UnauthorizedFacilitator"
    assert witness.to != empty(address), "InvalidDestination"
    assert block.timestamp >= witness.validAfter, "PaymentTooEarly"
    assert amount <= permit.permitted.amount, "AmountExceedsPermitted"
    extcall Permit2(PERMIT2).permitWitnessTransferFrom(
        permit,
        SignatureTransferDetails(to=witness.to, requestedAmount=amount),
        owner,
        keccak256(abi_encode(WITNESS_TYPE, witness.to, witness.facilitator, witness.validAfter)),
        "Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,address facilitator,uint256 validAfter)",
        signature,
    )
    log Settled()
