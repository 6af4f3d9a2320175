"""Stored answers, found by report ids that cannot be guessed."""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import String, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from alive402.errors import CodedError
from alive402.payments.core import Answered
from alive402.payments.ledger import PaymentRepository
from alive402.payments.prepaid import PrepaidRepository, receipt_of
from alive402.receipts.verdicts import Verdicts, report_id
from alive402.storage import Base

_NAME = "reports"


class UnknownReport(CodedError):
    """No report has this id."""

    code = "unknown_report"
    status = 404
    default = "There is no report at this address. Copy the whole `reportUrl` of the answer."


class ReportGone(CodedError):
    """The report was deleted."""

    code = "report_gone"
    status = 410
    default = "This report was deleted with its data."


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A stored answer: `data` with its signed verdict; `receipt` is the x402 SettleResponse, {} if none."""

    id: str
    request_id: str
    service_id: str
    data: dict[str, Any]
    receipt: dict[str, Any]


class Secret(Base):
    """A random secret that all processes over one database share; 64 hex digits."""

    __tablename__ = "secrets"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[str] = mapped_column(String(64))


@dataclass(frozen=True, slots=True)
class Reports:
    """Makes report ids and finds their answers.

    An id is the answer's request id with a keyed hash of it: nothing is stored for it, and a request id seen in a
    log does not grant access. The hash's key is stored with the answers, so that it lasts as long as they do.
    """

    verdicts: Verdicts
    secret: bytes = field(repr=False)

    @classmethod
    async def open(cls, verdicts: Verdicts) -> Reports:
        """The reports of the verdicts' ledger; creates the secret when there is none yet.

        Its `verdicts` sign the report of each answer too.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the ledger is unreachable.
        """
        async with verdicts.ledger.session() as session:
            dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
            made = dialect.insert(Secret).values(name=_NAME, value=secrets.token_hex(32))
            await session.execute(made.on_conflict_do_nothing())
            found = await session.scalar(select(Secret.value).where(Secret.name == _NAME))
        assert found is not None
        secret = bytes.fromhex(found)
        return cls(replace(verdicts, report_secret=secret), secret)

    async def find(self, given: str) -> KeptAnswer:
        """The answer of a report, with its signed verdict.

        Raises:
            UnknownReport: the id is invalid, or its answer is not paid for.
            ReportGone: the answer was deleted.
        """
        request_id, _, _ = given.rpartition("-")
        if not hmac.compare_digest(given.encode(), report_id(self.secret, request_id).encode()):
            raise UnknownReport
        async with self.verdicts.ledger.reading() as session:
            payment = await PaymentRepository(session).answer_to(request_id)
            use = None if payment else await PrepaidRepository(session).answer_to(request_id)
        if payment is not None:
            service_id, result, receipt = payment.service_id, payment.result, json.loads(payment.receipt or "{}")
        elif use is not None:
            prepayment, result, paid_by = use
            service_id, receipt = prepayment.service_id, receipt_of(paid_by, prepayment)
        else:
            raise UnknownReport
        if result is None:
            raise ReportGone
        answered = Answered(request_id, json.loads(result), receipt)
        signed = await self.verdicts.recalled(answered)
        return KeptAnswer(given, request_id, service_id, signed.result, answered.receipt)
