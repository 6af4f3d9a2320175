"""Every way in which a payment can stand in the way of an answer, each with a stable code.

PaymentError                              code, sentence, HTTP status, what to do
 ├── PaymentRequired            402   payment_required           no payment came with the call
 │    ├── PaymentInvalid        402   payment_invalid            the facilitator refuses it; `details.reason` says why
 │    ├── PaymentMismatch       402   payment_mismatch           signed for other terms, or for another resource
 │    ├── PaymentExpiresSoon    402   payment_expires_soon       would expire before the work is done
 │    └── SettlementRefused     402   settlement_refused         the money did not move, so there is no answer
 ├── PaymentMalformed           400   payment_malformed          the header is not what x402 says
 ├── PaymentConflict            409
 │    ├── PaymentIdentifierTaken 409  payment_identifier_taken   the buyer's identifier names another payment
 │    ├── PaymentInUse          409   payment_in_use             the same payment is being worked on; try again soon
 │    └── PaymentSpent          409   payment_spent              it is bound to another request
 ├── FacilitatorUnavailable     503   facilitator_unavailable    it could not be asked; nothing moved
 ├── SettlementUnknown          503   settlement_unknown         sent, answer lost: send the same payment again
 ├── NoSuchPayment              404   no_such_payment            the operator asked for one that is not in the ledger
 ├── RefundRefused              409   refund_refused             the chain or the ledger does not show that refund
 └── PaymentsMisconfigured            start-up only: the operator reads it, no buyer does

`charged` says whether money moved: False, or None where that is not known yet.
"""

from __future__ import annotations

from alive402.coded import CodedError


class PaymentError(CodedError):
    """A payment stands in the way of an answer."""

    code = "payment_error"
    status = 402
    default = "The payment cannot be used."


class PaymentRequired(PaymentError):
    """No payment came with the call."""

    code = "payment_required"
    default = "Payment is required. Sign one of `accepts` and send the call again with the PAYMENT-SIGNATURE header."


class PaymentInvalid(PaymentRequired):
    """The facilitator refuses the payment."""

    code = "payment_invalid"
    default = "The payment was refused, and nothing was charged. `details.reason` says why; sign again."


class PaymentMismatch(PaymentRequired):
    """Signed for other terms or for another resource."""

    code = "payment_mismatch"
    default = "The payment was signed for other terms than are asked here. Sign one of `accepts` as it stands."


class PaymentExpiresSoon(PaymentRequired):
    """The authorization would expire before the work is done."""

    code = "payment_expires_soon"
    default = "The payment expires before the video can be judged. Sign again with the validity that is asked."


class SettlementRefused(PaymentRequired):
    """The money did not move, so there is no answer."""

    code = "settlement_refused"
    default = "The payment was good before the work and did not settle after it. Nothing was charged; sign again."


class PaymentMalformed(PaymentError):
    """The header is not base64 of an x402 v2 payment payload."""

    code = "payment_malformed"
    status = 400
    default = "PAYMENT-SIGNATURE is not base64 of an x402 version 2 payment with an EIP-3009 authorization."


class PaymentConflict(PaymentError):
    """The same money is claimed twice."""

    code = "payment_conflict"
    status = 409
    default = "The payment is already claimed."


class PaymentIdentifierTaken(PaymentConflict):
    """The buyer's own identifier names another payment."""

    code = "payment_identifier_taken"
    default = (
        "This payment identifier names another payment, and nothing was charged for this one. "
        "Send that payment again to get its answer, or choose a new identifier."
    )


class PaymentInUse(PaymentConflict):
    """A call with the same payment is being worked on."""

    code = "payment_in_use"
    retry_after = 2
    default = "A call with this payment is being worked on. Send the same request again in a moment; do not sign again."


class PaymentSpent(PaymentConflict):
    """The payment is bound to another request."""

    code = "payment_spent"
    default = "This payment belongs to another request, and nothing was charged for this one. Sign a new payment."


class FacilitatorUnavailable(PaymentError):
    """The facilitator could not be asked; nothing moved."""

    code = "facilitator_unavailable"
    status = 503
    retry_after = 5
    default = "Payments cannot be checked now, and nothing was charged. Send the same request again; do not sign again."


class SettlementUnknown(PaymentError):
    """The settlement was sent and its answer was lost."""

    code = "settlement_unknown"
    status = 503
    charged = None
    retry_after = 5
    default = (
        "The answer is ready, and whether the payment settled is not known yet. "
        "Send the same request again to get it; do not sign again."
    )


class NoSuchPayment(PaymentError):
    """The operator asked for a payment that is not in the ledger."""

    code = "no_such_payment"
    status = 404
    default = "There is no such payment in the ledger."


class RefundRefused(PaymentError):
    """What the operator wants to mark as a refund is none, by the chain or by the ledger."""

    code = "refund_refused"
    status = 409
    default = "This is no refund of that payment."


class PaymentsMisconfigured(PaymentError):
    """The service may not start: the operator's choice of network, asset or facilitator cannot work."""

    code = "payments_misconfigured"
    status = 500
    default = "The payment settings cannot work."
