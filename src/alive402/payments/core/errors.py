"""The errors of payments, each with a stable code.

PaymentError                              code, sentence, HTTP status, what to do
 ├── PaymentRequired            402   payment_required           the call has no payment
 │    ├── PaymentInvalid        402   payment_invalid            the facilitator rejects it; `details.reason` says why
 │    ├── PaymentMismatch       402   payment_mismatch           signed for other terms, or for another resource
 │    ├── PaymentExpiresSoon    402   payment_expires_soon       would expire before the work is done
 │    ├── SettlementRefused     402   settlement_refused         the money did not move, so there is no answer
 │    └── TokenRefused          402                              `details.paymentId` is its payment, where there is one
 │         ├── TokenUnknown     402   token_unknown              no payment has this token
 │         ├── TokenPending     402   token_pending              its payment is not paid yet
 │         ├── TokenExpired     402   token_expired              it has expired
 │         ├── TokenExhausted   402   token_exhausted            its calls are used up
 │         ├── TokenRefunded    402   token_refunded             its payment was refunded
 │         └── TokenMismatch    402   token_mismatch             it belongs to another service or client
 ├── PaymentMalformed           400   payment_malformed          the header is not an x402 payment
 ├── PaymentConflict            409
 │    ├── PaymentIdentifierTaken 409  payment_identifier_taken   the buyer's identifier names another payment
 │    ├── PaymentInUse          409   payment_in_use             another call uses the payment now; try again soon
 │    ├── PaymentSpent          409   payment_spent              the payment is bound to another request
 │    ├── AlreadyPaid           409   already_paid               another authorization paid it; this one is unused
 │    └── KeyReused             409   idempotency_key_reused     the Idempotency-Key belongs to another request
 ├── PaymentExpired             410   payment_expired            it was not paid in time; create a new one
 ├── AnswerGone                 410   answer_erased              the answer was given and has been erased
 ├── ApiKeyRefused              401   api_key_refused            unknown or revoked
 ├── ApiKeyForbidden            403   api_key_forbidden          the key lacks the scope
 ├── AccessKeyUnknown           404   access_key_unknown         no prepaid API key has this accessKeyId
 ├── NoSuchApiKey               404   no_such_api_key            operator only: no key has this id
 ├── TooManyCalls               429   too_many_calls             the API key exceeds its calls per second
 ├── TooManyPayments            429   too_many_payments          this address created too many payments
 ├── TooManyFailures            429   too_many_failures          too many calls of this payer or address failed
 ├── TooManyGuesses             429   too_many_guesses           too many wrong keys or tokens from this address
 ├── FacilitatorUnavailable     503   facilitator_unavailable    the facilitator is unreachable; nothing moved
 ├── SettlementUnknown          503   settlement_unknown         the settlement's result was lost: send it again
 ├── NoSuchPayment              404   no_such_payment            the ledger has no such payment
 ├── RefundRefused              409   refund_refused             chain or ledger do not show that refund
 └── PaymentsMisconfigured            start-up only: shown to the operator, never to a buyer

`charged` says whether money moved: False, None while it is not known, True for an answer that was erased.
"""

from __future__ import annotations

from alive402.errors import CodedError


class PaymentError(CodedError):
    """A payment problem prevents the answer."""

    code = "payment_error"
    status = 402
    default = "The payment cannot be used."


class PaymentRequired(PaymentError):
    """The call has no payment."""

    code = "payment_required"
    default = "Payment is required. Sign one of `accepts` and send the call again with the PAYMENT-SIGNATURE header."


class PaymentInvalid(PaymentRequired):
    """The facilitator rejects the payment."""

    code = "payment_invalid"
    default = "The payment was rejected, and nothing was charged. `details.reason` says why; sign again."


class PaymentMismatch(PaymentRequired):
    """The payment was signed for other terms or another resource."""

    code = "payment_mismatch"
    default = "The payment was signed for other terms than the current ones. Sign one of `accepts` unchanged."


class PaymentExpiresSoon(PaymentRequired):
    """The authorization would expire before the work is done."""

    code = "payment_expires_soon"
    default = "The payment expires before the video can be analyzed. Sign again with the validity given in `accepts`."


class SettlementRefused(PaymentRequired):
    """The money did not move, so there is no answer."""

    code = "settlement_refused"
    default = "The payment was valid before the work but did not settle after it. Nothing was charged; sign again."


class TokenRefused(PaymentRequired):
    """A prepaid token does not pay for this call; `details["paymentId"]` is its payment, where there is one."""

    code = "token_refused"
    default = "The token cannot be used."


class TokenUnknown(TokenRefused):
    """No payment has this token."""

    code = "token_unknown"
    default = "No payment has this token. Send its payment to its pay URL again, or sign one of `accepts`."


class TokenPending(TokenRefused):
    """The payment is not paid yet."""

    code = "token_pending"
    default = (
        "The payment of this token is not paid yet. Pay it at `payment.payUrl` and send the same call again, or sign "
        "one of `accepts` for this call alone."
    )


class TokenExpired(TokenRefused):
    """The token has expired."""

    code = "token_expired"
    default = "The token has expired. Make a new payment with POST /api/payments, or sign one of `accepts`."


class TokenExhausted(TokenRefused):
    """Every call of the token is used."""

    code = "token_exhausted"
    default = "Every call of the token is used. Make a new payment with POST /api/payments, or sign one of `accepts`."


class TokenRefunded(TokenRefused):
    """The token's payment was refunded."""

    code = "token_refunded"
    default = "The payment of this token was refunded. Make a new payment with POST /api/payments."


class TokenMismatch(TokenRefused):
    """The token belongs to another service or another client."""

    code = "token_mismatch"
    default = "The token belongs to another `details.reason`. If that is `client`, send its X-Client-Secret."


class PaymentMalformed(PaymentError):
    """The header is not base64 of an x402 payment."""

    code = "payment_malformed"
    status = 400
    default = "The payment header is not base64 of an x402 payment that is signed in an accepted scheme."


class PaymentConflict(PaymentError):
    """Two calls claim the same payment."""

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
    """Another call is using the same payment now."""

    code = "payment_in_use"
    retry_after = 2
    default = "Another call is using this payment now. Send the same request again in a moment; do not sign again."


class PaymentSpent(PaymentConflict):
    """The payment is bound to another request."""

    code = "payment_spent"
    default = "This payment belongs to another request, and nothing was charged for this one. Sign a new payment."


class AlreadyPaid(PaymentConflict):
    """Another authorization paid it, or is about to."""

    code = "already_paid"
    default = "Another authorization pays this payment. The one sent now is unused."


class KeyReused(PaymentConflict):
    """The Idempotency-Key belongs to another request."""

    code = "idempotency_key_reused"
    default = "This Idempotency-Key belongs to another request. Choose a new one for a new request."


class PaymentExpired(PaymentError):
    """The payment was not paid in time."""

    code = "payment_expired"
    status = 410
    default = "This payment was not paid in time, or the price has changed. Make a new one with POST /api/payments."


class AnswerGone(PaymentError):
    """The answer that the payment bought was erased, at the buyer's request or after its retention time."""

    code = "answer_erased"
    status = 410
    charged = True
    default = (
        "The answer to this payment was given and then erased, by someone who presented the payment or because its "
        "retention time was over. Nothing more is charged; sign a new payment for a new answer."
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
    default = "The API key lacks the scope `details.scope`."


class AccessKeyUnknown(PaymentError):
    """A payment names an API key that does not exist, or is not prepaid."""

    code = "access_key_unknown"
    status = 404
    default = "No prepaid API key has this accessKeyId, and nothing was charged. Check it, or leave it out for a token."


class NoSuchApiKey(PaymentError):
    """The operator named an API key that does not exist."""

    code = "no_such_api_key"
    status = 404
    default = "No API key has this id. `alive402 keys list` shows them."


class TooMany(PaymentError):
    """A rate limit is reached; `retry_after` says when to try again."""

    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


class TooManyGuesses(TooMany):
    """Too many unknown tokens, keys or secrets came from this address."""

    code = "too_many_guesses"
    default = "Too many wrong tokens or keys came from this address. Wait for Retry-After; nothing was charged."


class TooManyCalls(TooMany):
    """An API key exceeds its calls per second."""

    code = "too_many_calls"
    default = "The API key makes too many calls per second. Wait for Retry-After."


class TooManyPayments(TooMany):
    """This address created too many payments."""

    code = "too_many_payments"
    default = "This address created too many payments. Pay the pending ones, or wait for Retry-After."


class TooManyFailures(TooMany):
    """Too many calls of this payer or address failed; failed calls are free, so they are limited."""

    code = "too_many_failures"
    default = "Too many calls failed, and failed calls are free. Wait for Retry-After; answers are never limited."


class FacilitatorUnavailable(PaymentError):
    """The facilitator is unreachable; nothing moved."""

    code = "facilitator_unavailable"
    status = 503
    retry_after = 5
    default = "Payments cannot be checked now, and nothing was charged. Send the same request again; do not sign again."


class SettlementUnknown(PaymentError):
    """The settlement was sent, and its result was lost."""

    code = "settlement_unknown"
    status = 503
    charged = None
    retry_after = 5
    default = (
        "The answer is ready, but it is not known yet whether the payment settled. "
        "Send the same request again to get it; do not sign again."
    )


class NoSuchPayment(PaymentError):
    """The ledger has no such payment."""

    code = "no_such_payment"
    status = 404
    default = "The ledger has no such payment."


class RefundRefused(PaymentError):
    """The transaction is not a refund of that payment, according to the chain or the ledger."""

    code = "refund_refused"
    status = 409
    default = "This is not a refund of that payment."


class PaymentsMisconfigured(PaymentError):
    """The service cannot start with the configured network, token or facilitator."""

    code = "payments_misconfigured"
    status = 500
    default = "The payment settings are invalid."
