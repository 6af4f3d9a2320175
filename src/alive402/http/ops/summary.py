"""The operator's summary of ledger, call log and this process, as JSON and as a page."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from alive402 import __version__
from alive402.calls import WORKED_ON, CallKind, LedgerServices
from alive402.http.core import POLICY_WITH_SEARCH, received_from
from alive402.http.discovery import Surfaces
from alive402.http.ops.access import COOKIE, OpsAccess, OpsKeyMissing, header_key, refuse_other_sites
from alive402.operations import HealthCheck, Insight, Interval, Span
from alive402.payments.core import ApiKeyForbidden, ApiKeyRefused, TooManyGuesses
from alive402.storage import Clock, utc_now
from alive402.web import ops_page

_PRIVATE = {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": POLICY_WITH_SEARCH,
}
Range = Annotated[Span, Query(alias="range", description="the period covered")]


class Ops:
    """Reads the summary and shows it to authorized operators."""

    def __init__(
        self,
        ledger_services: LedgerServices,
        health: HealthCheck,
        access: OpsAccess,
        surfaces: Surfaces,
        now: Clock = utc_now,
    ) -> None:
        self._ledger_services = ledger_services
        self._health = health
        self._access = access
        self._surfaces = surfaces
        self._now = now

    async def summary(self, span: Span) -> dict[str, Any]:
        """The whole summary, ready for JSON; amounts in atomic units, times in UTC.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the ledger cannot be read.
        """
        # Include the calls that this process has not written yet.
        await self._ledger_services.call_log.write()
        now = self._now()
        async with self._ledger_services.ledger.reading() as session:
            insight = Insight(session, now)
            intervals, failures = await insight.calls(span)
            latency, income = await insight.latency(span), await insight.income(span)
            settlements, (count, cases) = await insight.settlements(), await insight.open_cases()
            outstanding, states = await insight.outstanding(), await insight.states()
        ready = await self._health.ready()
        return {
            "range": str(span),
            "generatedAt": _moment(now),
            "version": __version__,
            "health": {
                "status": self._health.health,
                "checkedAt": _moment(self._health.checked_at),
                "checks": ready,
                "networks": [
                    {"network": each.network, "facilitator": each.facilitator, "chain": each.chain}
                    for each in self._health.answering
                ],
            },
            "queue": {
                work: {"capacity": places.capacity, "inUse": places.in_use, "waiting": places.waiting}
                for work, places in self._health.machine.queue.items()
            },
            "calls": {
                "total": sum(each.calls for each in intervals),
                "workedOn": sum(_of(each, *WORKED_ON) for each in intervals),
                "answered": sum(_of(each, CallKind.ANSWERED) for each in intervals),
                "faults": sum(_of(each, CallKind.FAULT) for each in intervals),
                "intervals": [
                    {"begins": _moment(each.begins), "kinds": each.kinds, "verdicts": each.verdicts}
                    for each in intervals
                ],
                "failures": [{"code": each.code, "kind": each.kind, "calls": each.calls} for each in failures],
            },
            "latency": {
                "answered": latency.answered,
                **{f"p{percent}": (latency.milliseconds or {}).get(percent) for percent in (50, 90, 95, 99)},
            },
            "income": [
                {"day": each.day, "network": each.network, "asset": each.asset, "payments": each.payments,
                 "income": each.income, "refunds": each.refunds, "refunded": each.refunded}
                for each in income
            ],
            "settlements": [
                {"at": _moment(each.at), "requestId": each.request_id, "serviceId": each.service_id,
                 "network": each.network, "asset": each.asset, "amount": each.amount, "transaction": each.transaction}
                for each in settlements
            ],
            "openCases": {
                "count": count,
                "cases": [
                    {"paymentId": each.payment_id, "requestId": each.request_id, "state": each.state,
                     "network": each.network, "amount": each.amount, "since": _moment(each.since),
                     "validBefore": _moment(datetime.fromtimestamp(each.valid_before, UTC))}
                    for each in cases
                ],
            },
            "outstanding": [
                {"serviceId": each.service_id, "prepayments": each.prepayments, "calls": each.calls,
                 "worth": each.worth}
                for each in outstanding
            ],
            "payments": {str(state): count for state, count in states.items()},
        }  # fmt: skip

    def router(self) -> APIRouter:
        """Routes `/ops` and `/api/ops/summary`, which no public document names."""
        routes = APIRouter(include_in_schema=False)

        @routes.get("/api/ops/summary")
        async def summary(request: Request, span: Range = Span.DAY) -> JSONResponse:
            await self._access.check(request)
            return JSONResponse(await self.summary(span), headers={"Cache-Control": "no-store"})

        @routes.get("/ops")
        async def page(request: Request, span: Range = Span.DAY) -> Response:
            by_header = header_key(request) is not None
            if by_header:
                await self._access.check(request)
            else:
                try:
                    await self._access.check_session(request)
                except OpsKeyMissing:
                    return self._sign_in(request, HTTPStatus.UNAUTHORIZED, None)
                except (ApiKeyRefused, ApiKeyForbidden) as error:
                    return self._sign_in(request, error.status, error.message)
            summary, site = await self.summary(span), self._surfaces.site(request)
            return HTMLResponse(ops_page.page(summary, site, session=not by_header), headers=_PRIVATE)

        @routes.post("/ops/sign-in")
        async def sign_in(request: Request) -> Response:
            base = self._surfaces.site(request).base
            refuse_other_sites(request, base)
            try:
                key_id = await self._access.check_key(await _key_in_form(request), request)
            except (ApiKeyRefused, ApiKeyForbidden, TooManyGuesses) as error:
                page = self._sign_in(request, error.status, error.message)
                if error.retry_after:
                    page.headers["Retry-After"] = str(error.retry_after)
                return page
            answer = RedirectResponse(f"{base}/ops", HTTPStatus.SEE_OTHER, headers={"Cache-Control": "no-store"})
            self._set_cookie(answer, base, self._access.session(key_id), int(self._access.lasts.total_seconds()))
            return answer

        @routes.post("/ops/sign-out")
        async def sign_out(request: Request) -> Response:
            base = self._surfaces.site(request).base
            refuse_other_sites(request, base)
            answer = RedirectResponse(f"{base}/ops", HTTPStatus.SEE_OTHER, headers={"Cache-Control": "no-store"})
            self._set_cookie(answer, base, "", 0)
            return answer

        return routes

    def _sign_in(self, request: Request, status: int, problem: str | None) -> HTMLResponse:
        headers = {**_PRIVATE, **({"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {})}
        return HTMLResponse(ops_page.sign_in(self._surfaces.site(request), problem), status, headers=headers)

    def _set_cookie(self, answer: Response, base: str, value: str, seconds: int) -> None:
        # Limited to this page. The API accepts keys only, so another site cannot make a browser call it.
        path = "/" + "/".join([*filter(None, base.split("/")[3:]), "ops"])
        secure = base.startswith("https:")
        answer.set_cookie(COOKIE, value, max_age=seconds, path=path, httponly=True, samesite="strict", secure=secure)


async def _key_in_form(request: Request) -> str:
    received = await received_from(request)
    return parse_qs(received.decode("utf-8", "replace")).get("key", [""])[0].strip()


def _of(interval: Interval, *kinds: CallKind) -> int:
    return sum(interval.kinds.get(str(kind), 0) for kind in kinds)


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at is not None else None
