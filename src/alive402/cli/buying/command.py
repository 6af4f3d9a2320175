"""`alive402 buy`: pays a service for one answer, verifies its signature, and prints it."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from alive402.client import Answer, Client, ClientError, Pending

VERDICTS = {"live": 0, "spoof": 1, "inconclusive": 2}
UNUSABLE = 3
USAGE, ALTERED, CANNOT_READ, UNAVAILABLE, NOT_PAID = 64, 65, 66, 69, 77
"""EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_UNAVAILABLE and EX_NOPERM of sysexits.h."""
_OF_THE_INPUT = (400, 413, 415, 422, 424)


def buy(
    source: Annotated[
        str | None, typer.Argument(metavar="FILE_OR_URL", help="A video or picture, or the http(s) URL of one.")
    ] = None,
    service: Annotated[
        str | None, typer.Option(metavar="URL", envvar="BUYER_SERVICE", help="The service that judges.")
    ] = None,
    wallet: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Pay from the wallet whose private key is in FILE.")
    ] = None,
    token: Annotated[Path | None, typer.Option(metavar="FILE", help="Pay with the prepaid token in FILE.")] = None,
    api_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Pay with the API key in FILE.")] = None,
    test_money: Annotated[
        bool, typer.Option("--test-money", help="Pay with test money from a new wallet, at a service that gives some.")
    ] = False,
    max_usd: Annotated[str, typer.Option(metavar="USD", help="The most that a wallet pays for the answer.")] = "1.00",
    picture: Annotated[
        bool | None, typer.Option("--picture/--video", help="What it is. [default: seen from its bytes or URL]")
    ] = None,
    idempotency_key: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of this purchase: the same URL under it is charged once.")
    ] = None,
    challenge_id: Annotated[
        str | None, typer.Option(metavar="ID", help="A challenge of the service that the video has to answer.")
    ] = None,
    bind: Annotated[str | None, typer.Option(metavar="NAME", help="What the challenge was bound to.")] = None,
    jwks: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Trust only these keys of the service, not those it sends.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the answer, for verify-receipt.")] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to ask again while the service is busy or away.")] = 300.0,
    resume: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Get the answer of a purchase that ended without one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")] = False,
) -> None:
    """Pay a service for the judgement of a video or picture, and verify the signed answer.

    The key, token or API key may also be in BUYER_WALLET_KEY, BUYER_TOKEN or BUYER_API_KEY. A lost answer is asked for
    with the same payment; nothing is paid twice.

    Exit code: 0 live, 1 spoof, 2 inconclusive, 3 unusable input, 64 usage, 65 the signature is wrong, 66 a file cannot
    be read, 69 the service is away or busy, 77 not paid.

    Examples:

      alive402 buy selfie.mp4 --service https://example.com --wallet key.txt --max-usd 0.25

      alive402 buy https://example.org/selfie.mp4 --service http://127.0.0.1:8402 --test-money --json
    """
    from alive402.client import ClientError

    if (source is None) == (resume is None):
        raise _usage("give a file or URL, or --resume FILE.")
    url, pending = _stored(resume) if resume else (service, None)
    if url is None:
        raise _usage("give the URL of the service: --service, or BUYER_SERVICE.")
    try:
        made = _client(url, wallet, token, api_key, test_money, max_usd, _keys(jwks), wait, quiet=as_json)
        with made as client:
            if test_money and pending is None:
                client.fund()
            if pending is not None:
                answer = client.resume(pending)
            else:
                named = {"challenge": challenge_id, "bind": bind}
                answer = client.buy(str(source), picture=picture, idempotency_key=idempotency_key, **named)
    except ClientError as error:
        raise typer.Exit(_say_error(error, url, resume, as_json)) from None
    if out is not None:
        _write(out, answer.text)
    typer.echo(json.dumps(answer.to_dict(), ensure_ascii=False) if as_json else _sentences(answer))
    if resume is not None:
        resume.unlink(missing_ok=True)
    raise typer.Exit(VERDICTS.get(answer.verdict, 0))


def _client(
    url: str,
    wallet: Path | None,
    token: Path | None,
    api_key: Path | None,
    test_money: bool,
    max_usd: str,
    jwks: dict[str, Any] | None,
    wait: float,
    quiet: bool,
) -> Client:
    from alive402.client import Client

    means = {"wallet": wallet, "token": token, "api_key": api_key}
    given = {name: _secret(file) for name, file in means.items() if file is not None}
    if test_money:
        given["wallet"] = "0x" + secrets.token_hex(32)
    if len(given) > 1 or (test_money and wallet is not None):
        raise _usage("give one of --wallet, --token, --api-key and --test-money.")
    if not given:
        names = {"wallet": "BUYER_WALLET_KEY", "token": "BUYER_TOKEN", "api_key": "BUYER_API_KEY"}
        given = {name: os.environ[variable] for name, variable in names.items() if os.environ.get(variable)}
    try:
        return Client(
            url,
            **given,
            max_usd=max_usd,
            jwks=jwks,
            patience=wait,
            tell=lambda step: None if quiet else typer.echo(f"{step} …", err=True),
        )
    except ValueError as error:
        raise _usage(str(error)) from None


def _usage(message: str) -> typer.Exit:
    typer.echo(f"alive402 buy: {message}", err=True)
    return typer.Exit(USAGE)


def _secret(file: Path) -> str:
    try:
        return file.read_text().strip()
    except (OSError, ValueError) as error:
        typer.echo(f"alive402 buy: {file} cannot be read: {error}", err=True)
        raise typer.Exit(CANNOT_READ) from None


def _keys(file: Path | None) -> dict[str, Any] | None:
    if file is None:
        return None
    try:
        found = json.loads(_secret(file))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _usage(f"{file} is not a JSON Web Key Set.")
    return found


def _stored(file: Path) -> tuple[str, Pending]:
    from alive402.client import Pending

    try:
        stored = json.loads(_secret(file))
        return str(stored["service"]), Pending.from_dict(stored["purchase"])
    except (ValueError, KeyError, TypeError):
        raise _usage(f"{file} is not a purchase that can be resumed.") from None


def _write(file: Path, text: str, mode: int = 0o666) -> bool:
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as written:
            written.write(text)
    except OSError as error:
        typer.echo(f"alive402 buy: {file} cannot be written: {error.strerror}.", err=True)
        return False
    return True


def _say_error(error: ClientError, url: str, resumed: Path | None, as_json: bool) -> int:
    """Print an error, and keep a purchase that may have been paid; returns the exit code."""
    kept = resumed
    if error.pending is not None and kept is None:
        # It holds the payment.
        kept = Path(f"alive402-purchase-{secrets.token_hex(4)}.json")
        stored = {"service": url, "purchase": error.pending.to_dict()}
        kept = kept if _write(kept, json.dumps(stored, indent=1), 0o600) else None
    if as_json:
        typer.echo(json.dumps({"error": error.to_dict() | ({"resume": str(kept)} if kept else {})}, ensure_ascii=False))
    else:
        charged = {True: "it was charged", False: "nothing was charged", None: "not known whether it was charged"}
        typer.echo(f"alive402 buy: {error.message} ({error.code}; {charged[error.charged]})", err=True)
        if kept:
            typer.echo(f"Get the answer without paying again: alive402 buy --resume {kept}", err=True)
    return _exit_code(error)


def _exit_code(error: ClientError) -> int:
    from alive402.client import InputUnreadable, ReceiptUnverified, Unreachable

    if isinstance(error, InputUnreadable):
        return CANNOT_READ
    if isinstance(error, ReceiptUnverified):
        return ALTERED
    if isinstance(error, Unreachable) or (error.status or 0) >= 500 or error.status == 429:
        return UNAVAILABLE
    return UNUSABLE if error.status in _OF_THE_INPUT or error.code == "forbidden_address" else NOT_PAID


def _sentences(answer: Answer) -> str:
    paid = answer.payment or {}
    confidence = "" if answer.live_confidence is None else f"live confidence {answer.live_confidence:.2f}"
    rows = [
        *((("challenge", answer.freshness.replace("_", " ")),) if answer.freshness else ()),
        *(("because", reason["message"]) for reason in answer.report.get("reasons", ())),
        ("paid", f"{paid['amount']} atomic units on {paid['network']}" if paid.get("amount") else "nothing"),
        *((("transaction", paid["transaction"]),) if paid.get("transaction") else ()),
        ("receipt", f"verified, signed by {answer.claims.get('iss', 'the key of this service')}"),
        ("request", answer.request_id),
        *((("report", answer.report_url),) if answer.report_url else ()),
    ]
    lines = [f"  {name:<12} {value}" for name, value in rows]
    return "\n".join([f"{answer.verdict.upper():<13} {confidence}".rstrip(), *lines])
