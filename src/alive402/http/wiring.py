"""Builds a service's parts from its settings: payment options, ledger, provider, paid calls."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import sys
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from alive402.calls import (
    Admission,
    CallLog,
    CallRate,
    FreeFailures,
    Guesses,
    LedgerServices,
    NewPayments,
    PaidCalls,
    ServiceRegistry,
)
from alive402.calls.jobs import JobLimits
from alive402.catalog import ServiceDefinition, without_challenges
from alive402.challenges import ChallengeLimits, Challenges
from alive402.http import payment_options
from alive402.intake import FetchLimits, UploadLimits, Uploads
from alive402.intake.sandbox import SandboxLimits
from alive402.operations import WEBHOOK_ANSWER_SECONDS, Courier, Machine, Tracing
from alive402.payments.core import PaymentsMisconfigured
from alive402.payments.keys import AccessKeys, Keys, SecretBox
from alive402.payments.ledger import Ledger
from alive402.payments.prepaid import Balances, PrepaidTerms, Prepayments, Tokens
from alive402.payments.x402 import SETTLE_SECONDS, VERIFY_SECONDS, PaymentGate, Sweep
from alive402.payments.x402 import Challenges as MppChallenges
from alive402.payments.x402.schemes import Terms
from alive402.providers import AsksChallenges, Judges, LocalImages, LocalProvider, Provider
from alive402.receipts import Reports, SigningKeys, Verdicts
from alive402.services import SERVICES, Service
from alive402.settings import Settings

# A payment stays valid for this multiple of the longest call, so that a retry with the same signature fits.
VALID_CALLS = 4
# Python's recursion limit. Cryptography libraries ask for 100,000, but an 8 MB stack overflows before that: deeply
# nested JSON would crash the process. The dev chain needs 12,288.
DEEPEST = 20_000


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one service. The dev chains are None where they are not accepted, `courier` without webhooks.

    `services` are all known services; the registry holds those that are sold. `loopback`: the service is meant for
    callers on this machine. `tracing` is None without a collector. `tls` is the certificate and its key, or None where
    a proxy terminates TLS. `sweep` is None on the dev chain, and when it is turned off.
    """

    registry: ServiceRegistry
    services: tuple[Service, ...]
    terms: Terms
    devchain: Any
    solana_devchain: Any
    public_url: str | None
    provider_id: str
    reconcile_seconds: float
    health_seconds: float
    max_calls: int
    max_video_bytes: int
    trusted_proxies: tuple[str, ...]
    loopback: bool
    courier: Courier | None
    callbacks: Courier
    uploads: Uploads
    upload_host: str | None
    tls: tuple[Path, Path] | None
    local: LocalProvider
    admission: Admission
    machine: Machine
    tracing: Tracing | None
    settings: Settings
    jobs: JobLimits
    sweep: Sweep | None
    challenges: Challenges


async def assemble(settings: Settings, services: tuple[Service, ...] = SERVICES) -> Parts:
    """Build the parts: open the ledger and check that the facilitator can settle the configured payments.

    `services` are those that the settings may name.

    Raises:
        PaymentsMisconfigured: the network, token or facilitator cannot work; the message says what to set.
        sqlalchemy.exc.SQLAlchemyError: the database cannot be opened.
    """
    public_url = str(settings.public_url).rstrip("/") if settings.public_url else None
    uploads = _uploads(settings, public_url)
    fetching = FetchLimits(
        max_bytes=settings.max_video_bytes,
        seconds=settings.fetch_seconds,
        ports=settings.fetch_ports,
        allow_private=settings.allow_private_hosts,
    )
    judging = SandboxLimits(
        seconds=settings.analysis_seconds,
        memory_bytes=settings.analysis_memory_bytes,
        threshold=settings.threshold,
    )
    clustered = settings.provider == "cluster"
    at_once = settings.cluster_most if clustered else settings.analyses_at_once
    queue = 8 * at_once if settings.queue is None else settings.queue
    provider = LocalProvider(
        fetching,
        judging,
        at_once=at_once,
        queue=queue,
        judges=_cluster(settings, judging) if clustered else None,
        media=settings.media_directory,
        uploads=uploads,
    )
    admission = Admission(provider.analyses, queue)
    sold = [(each.definition, each.provider(provider, settings)) for each in _chosen(settings, services)]
    longest = VERIFY_SECONDS + max(each.seconds for _, each in sold) + SETTLE_SECONDS
    first = sold[0][0]
    price = settings.price or first.price_atomic
    accepted, devchains = payment_options.build_payment_options(settings, price, seconds=round(VALID_CALLS * longest))
    terms = next(iter(accepted)).terms
    await accepted.check()
    sys.setrecursionlimit(DEEPEST)
    _search_for_sniffio_once()
    ledger = await Ledger.open(settings.database_url, lease_seconds=settings.lease_seconds)
    ledger.webhook_urls = tuple(map(str, settings.webhook_urls))
    # Keys without payments: the ledger was emptied. Neither of them: a new shop.
    new = settings.signing_key is None and not settings.keys_file.exists()
    sweep = Sweep(ledger, accepted, settings.sweep_days) if settings.taken and settings.sweep_days else None
    try:
        if sweep is not None:
            await sweep.prepare(new=new)
        keys = await asyncio.to_thread(_signing_keys, settings)
        secret_box = SecretBox(settings.secrets_file, settings.given_secrets_key)
    except BaseException:
        await ledger.close()
        raise
    gate = PaymentGate(accepted, MppChallenges(keys.secret("challenges of MPP")))
    tracing = Tracing(str(settings.otlp_endpoint)) if settings.otlp_endpoint else None
    reports = await Reports.open(Verdicts(ledger, keys, public_url, tuple(each.definition for each in services)))
    tokens = Tokens(ledger, settings.token_days)
    challenges = Challenges(ledger, ChallengeLimits(settings.challenges_open, settings.challenges_unanswered))
    ledger_services = LedgerServices(
        ledger,
        reports.verdicts,
        tokens,
        Keys(ledger),
        FreeFailures(settings.free_failures_per_payer, settings.free_failures_per_address, settings.limits_url),
        NewPayments(settings.new_payments_per_address, settings.limits_url),
        CallLog(ledger),
        reports,
        Balances(ledger, tokens, settings.token_days),
        AccessKeys(ledger, secret_box),
        CallRate(settings.calls_per_key, settings.limits_url),
        Guesses(settings.credential_guesses_per_address, settings.limits_url),
        challenges,
    )
    secret = settings.webhook_secret
    callbacks = FetchLimits(
        seconds=WEBHOOK_ANSWER_SECONDS, ports=settings.fetch_ports, allow_private=settings.allow_private_hosts
    )
    return Parts(
        registry=ServiceRegistry(
            tuple(
                _priced(service, each, gate.times(_share(service, first)), ledger_services, admission, settings)
                for service, each in sold
            ),
            ledger_services,
        ),
        services=services,
        terms=terms,
        devchain=devchains.evm,
        solana_devchain=devchains.solana,
        public_url=public_url,
        provider_id=payment_options.provider_id(settings),
        reconcile_seconds=settings.reconcile_seconds,
        health_seconds=settings.health_seconds,
        max_calls=settings.max_calls,
        max_video_bytes=settings.max_video_bytes,
        trusted_proxies=tuple(map(str, settings.trusted_proxies)),
        loopback=settings.loopback,
        courier=Courier(ledger, secret.get_secret_value()) if settings.webhook_urls and secret else None,
        callbacks=Courier(ledger, "", strangers=callbacks),
        uploads=uploads,
        upload_host=settings.upload_host,
        tls=settings.tls,
        local=provider,
        admission=admission,
        machine=Machine(
            admission,
            {"fetch": provider.fetches, "analysis": provider.analyses},
            settings.media_directory,
            admission.capacity * settings.max_video_bytes,
            provider.trial if _judged_here(settings, [each for _, each in sold]) else None,
        ),
        tracing=tracing,
        settings=settings,
        jobs=JobLimits(
            waiting=settings.jobs_waiting,
            keep_seconds=settings.job_seconds,
            callbacks=callbacks,
        ),
        sweep=sweep,
        challenges=challenges,
    )


def _search_for_sniffio_once() -> None:
    """httpcore imports sniffio at each lock; Python searches all its folders for a module that is missing."""
    if "sniffio" not in sys.modules and find_spec("sniffio") is None:
        sys.modules["sniffio"] = None  # type: ignore[assignment]


def _chosen(settings: Settings, services: tuple[Service, ...]) -> list[Service]:
    """The services sold here, in the order of the settings.

    Raises:
        PaymentsMisconfigured: the settings name an unknown service.
    """
    known = {each: service for service in services for each in service.definition.ids}
    if unknown := [name for name in settings.services if name not in known]:
        ids = ", ".join(service.definition.id for service in services)
        raise PaymentsMisconfigured(f"ALIVE402_SERVICES names {unknown[0]}. Known services: {ids}.")
    return list(dict.fromkeys(known[name] for name in settings.services))


def _share(service: ServiceDefinition, first: ServiceDefinition) -> Fraction:
    """A service's price relative to the first one, whose price the settings give."""
    return Fraction(service.price_atomic, first.price_atomic)


def _cluster(settings: Settings, judging: SandboxLimits) -> Judges:
    try:
        from alive402.providers import Cluster, ClusterLimits
    except ImportError as error:
        raise PaymentsMisconfigured("ALIVE402_PROVIDER=cluster needs Ray: pip install alive402[cluster]") from error
    return Cluster(ClusterLimits(settings.cluster_address, settings.cluster_least, settings.cluster_most), judging)


def _priced(
    service: ServiceDefinition,
    provider: Provider,
    gate: PaymentGate,
    ledger_services: LedgerServices,
    admission: Admission,
    settings: Settings,
) -> PaidCalls:
    """A service with its price on this site."""
    amount = int(gate.accepts[0].amount)
    asks = isinstance(provider, AsksChallenges)
    offered = service if asks else dataclasses.replace(service, input_schema=without_challenges(service.input_schema))
    terms = PrepaidTerms(service.id, amount, settings.pending_seconds)
    return PaidCalls(
        dataclasses.replace(offered, price_atomic=amount, price_cents=amount // 10_000),
        gate,
        provider,
        Prepayments(ledger_services.ledger, gate, ledger_services.tokens, ledger_services.failures, terms),
        ledger_services,
        admission,
    )


def _judged_here(settings: Settings, providers: list[Provider]) -> bool:
    """Whether calls need the workers, and not only Alibaba Cloud, where a trial would cost money."""
    return settings.provider != "alibaba" or any(isinstance(each, LocalImages) for each in providers)


def _uploads(settings: Settings, public_url: str | None) -> Uploads:
    media = settings.media_directory
    # One folder for all processes of this user: each finds the uploads that any of them received.
    folder = media / "uploads" if media else Path(tempfile.gettempdir(), f"alive402-uploads-{os.geteuid()}")
    limits = UploadLimits(
        max_bytes=settings.max_video_bytes,
        seconds=settings.upload_seconds,
        receive_seconds=settings.upload_receive_seconds,
        per_payer=settings.uploads_per_payer,
        total_bytes=settings.uploads_max_bytes,
    )
    try:
        return Uploads.open(folder, limits, public_url)
    except OSError as error:
        raise PaymentsMisconfigured(
            f"Uploads cannot be stored in {folder}: {error.strerror}. Set ALIVE402_MEDIA_DIRECTORY."
        ) from error


def _signing_keys(settings: Settings) -> SigningKeys:
    path = settings.keys_file
    try:
        if settings.signing_key is not None:
            return SigningKeys.given(settings.signing_key.get_secret_value(), path)
        return SigningKeys.open(path)
    except OSError as error:
        raise PaymentsMisconfigured(
            f"The signing keys cannot be stored in {path}: {error.strerror}. Set ALIVE402_SIGNING_KEY_FILE."
        ) from error
