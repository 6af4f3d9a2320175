"""Marks a payment as refunded, after checking on chain that the money went back to the payer."""

from __future__ import annotations

from alive402.payments.core import NoSuchPayment, PaymentError
from alive402.payments.ledger import Ledger, Payment
from alive402.payments.x402.options import PaymentOptions


class ChainUnavailable(PaymentError):
    """The node does not answer; nothing was marked."""

    code = "chain_unavailable"
    status = 503
    default = "The node does not answer now, so nothing was marked. Check ALIVE402_RPC_URL and try again."


async def mark_refunded(ledger: Ledger, options: PaymentOptions, key: str, transaction: str) -> Payment:
    """Mark the payment `key` (its id, request id or transaction) as refunded by `transaction`.

    The transaction must move exactly the payment's amount of its token to its payer, from any sender. One transfer is
    one refund; a transaction with several such transfers may be used for as many payments.

    Raises:
        NoSuchPayment: the ledger does not know `key`.
        RefundRefused: the payment was not paid, or the chain does not show the transfer.
        ChainUnavailable: the node does not answer.
        SettlementUnknown: no node is configured for the payment's network any more.
    """
    async with ledger.statements() as books:
        found = await books.payment(key)
    if found is None:
        raise NoSuchPayment(payment=key)
    payment, _ = found
    option = options.of(payment.money)
    try:
        transfers = await option.chain.count_transfers(transaction, payment.asset, payment.payer, payment.amount)
    except Exception as error:
        raise ChainUnavailable from error
    async with ledger.recovery() as recovery:
        return await recovery.refund(payment.id, option.scheme.spelled(transaction), transfers)
