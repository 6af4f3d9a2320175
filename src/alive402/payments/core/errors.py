"""Every way in which a payment can stand in the way of an answer, each with a stable code.

PaymentError                              code, sentence, HTTP status, what to do
 ├── PaymentRequired            402   payment_required           no payment came with the call
 │    ├── PaymentInvalid        402   payment_invalid            the facilitator refuses it; `details.reason` says why
 │    ├── PaymentMismatch       402   payment_mismatch           signed for other terms, or for another resource
 │    ├── PaymentExpiresSoon    402   payment_expires_soon       would expire before the work is done
 │    ├── SettlementRefused     402   settlement_refused         the money did not move, so there is no answer
 │    └── TokenRefused          402                              `details.paymentId` is its payment, where there is one
 │         ├── TokenUnknown     402   token_unknown              no payment has this token
 │         ├── TokenPending     402   token_pending              its payment is not paid yet
 │         ├── TokenExpired     402   token_expired              its time is over
 │         ├── TokenExhausted   402   token_exhausted            its calls are used up
 │         ├── TokenRefunded    402   token_refunded             its money was given back
 │         └── TokenMismatch    402   token_mismatch             it is another service's, or another client's
 ├── PaymentMalformed           400   payment_malformed          the header is not what x402 says
 ├── PaymentConflict            409
 │    ├── PaymentIdentifierTaken 409  payment_identifier_taken   the buyer's identifier names another payment
 │    ├── PaymentInUse          409   payment_in_use             the same payment is being worked on; try again soon
 │    ├── PaymentSpent          409   payment_spent              it is bound to another request
 │    ├── AlreadyPaid           409   already_paid               another authorization paid it; this one is untouched
 │    └── KeyReused             409   idempotency_key_reused     the Idempotency-Key belongs to another request
 ├── PaymentExpired             410   payment_expired            it was not paid in time; ask for a new one
 ├── AnswerGone                 410   answer_erased              it was bought and given, and is kept no longer
 ├── ApiKeyRefused              401   api_key_refused            unknown or revoked
 ├── ApiKeyForbidden            403   api_key_forbidden          it lacks the scope
 ├── AccessKeyUnknown           404   access_key_unknown         no prepaid API key has this accessKeyId
 ├── NoSuchApiKey               404   no_such_api_key            the operator named one that does not exist
 ├── TooManyCalls               429   too_many_calls             more calls a second than an API key may make
 ├── TooManyPayments            429   too_many_payments          too many were asked for from this address
 ├── TooManyFailures            429   too_many_failures          too many calls of this payer failed, free of charge
 ├── FacilitatorUnavailable     503   facilitator_unavailable    it could not be asked; nothing moved
 ├── SettlementUnknown          503   settlement_unknown         sent, answer lost: send the same payment again
 ├── NoSuchPayment              404   no_such_payment            the operator asked for one that is not in the ledger
 ├── RefundRefused              409   refund_refused             the chain or the ledger does not show that refund
 └── PaymentsMisconfigured            start-up only: the operator reads it, no buyer does

`charged` says whether money moved: False, None where that is not known yet, True for an answer that was erased.
"""

from __future__ import annotations

from alive402.errors import CodedError


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


class TokenRefused(PaymentRequired):
    """A prepaid token does not pay for this call; `details["paymentId"]` is its payment, where there is one."""

    code = "token_refused"
    default = "The token cannot be used."


class TokenUnknown(TokenRefused):
    """No payment has this token."""

    code = "token_unknown"
    default = "No payment has this token. Make one with POST /api/payments and pay it, or sign one of `accepts`."


class TokenPending(TokenRefused):
    """The payment is not paid yet."""

    code = "token_pending"
    default = "This is the id of a payment, and it is no token. Pay it at `payment.payUrl`: the answer holds the token."


class TokenExpired(TokenRefused):
    """The time of the token is over."""

    code = "token_expired"
    default = "The token has expired. Make a new payment with POST /api/payments, or sign one of `accepts`."


class TokenExhausted(TokenRefused):
    """Every call of the token is used up."""

    code = "token_exhausted"
    default = (
        "Every call of the token is used up. Make a new payment with POST /api/payments, or sign one of `accepts`."
    )


class TokenRefunded(TokenRefused):
    """The money of the token was given back."""

    code = "token_refunded"
    default = "The payment of this token was refunded. Make a new payment with POST /api/payments."


class TokenMismatch(TokenRefused):
    """The token is another service's or another client's."""

    code = "token_mismatch"
    default = "The token belongs to another `details.reason`. For a client's: send its X-Client-Secret."


class PaymentMalformed(PaymentError):
    """The header is not base64 of an x402 payment."""

    code = "payment_malformed"
    status = 400
    default = "The payment header is not base64 of an x402 payment with an EIP-3009 authorization."


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


class AlreadyPaid(PaymentConflict):
    """Another authorization paid it, or is about to."""

    code = "already_paid"
    default = "This payment is paid by another authorization. The one that was sent now is untouched."


class KeyReused(PaymentConflict):
    """The Idempotency-Key belongs to another request."""

    code = "idempotency_key_reused"
    default = "This Idempotency-Key belongs to another request. Choose a new one for a new request."


class PaymentExpired(PaymentError):
    """It was not paid in time."""

    code = "payment_expired"
    status = 410
    default = "This payment was not paid in time, or the price has changed. Make a new one with POST /api/payments."


class AnswerGone(PaymentError):
    """What it bought was erased: by whoever showed the payment, or when its time was over."""

    code = "answer_erased"
    status = 410
    charged = True
    default = (
        "The answer to this payment was given and then erased, by whoever showed the payment or because its time was "
        "over. Nothing more is charged; sign a new payment for a new answer."
    )


class ApiKeyRefused(PaymentError):
    """The API key is unknown or revoked."""

    code = "api_key_refused"
    status = 401
    default = "The API key is unknown or revoked."


class ApiKeyForbidden(PaymentError):
    """The API key lacks the scope."""

    code = "api_key_forbidden"
    status = 403
    default = "The API key may not do this: it lacks the scope `details.scope`."


class AccessKeyUnknown(PaymentError):
    """A payment was to fill an API key that does not exist, or is not prepaid."""

    code = "access_key_unknown"
    status = 404
    default = "No prepaid API key has this accessKeyId, and nothing was charged. Check it, or leave it out for a token."


class NoSuchApiKey(PaymentError):
    """The operator named an API key that does not exist."""

    code = "no_such_api_key"
    status = 404
    default = "No API key has this id. `alive402 keys list` names them."


class TooManyCalls(PaymentError):
    """An API key makes more calls a second than it may."""

    code = "too_many_calls"
    status = 429
    default = "The API key makes too many calls at a time. Wait for Retry-After."

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


class TooManyPayments(PaymentError):
    """Too many payments were asked for from this address."""

    code = "too_many_payments"
    status = 429
    default = "Too many payments were asked for from this address. Pay those that wait, or wait for Retry-After."

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


class TooManyFailures(PaymentError):
    """Too many calls of this payer, or from this address, failed, and failures are free of charge."""

    code = "too_many_failures"
    status = 429
    default = "Too many calls failed, and failed calls are free. Wait for Retry-After; answers are never limited."

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


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
