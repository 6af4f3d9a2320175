"""`alive402 verify-receipt` and `alive402 rotate-key`: verify a signed verdict; replace the signing key."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alive402.cli.terminal import read_settings

if TYPE_CHECKING:
    from alive402.catalog import ServiceDefinition

UNVERIFIED = 1
CANNOT_READ = 66
"""EX_NOINPUT of sysexits.h."""
_URL = ("http://", "https://")
_NOT_JUDGED = {"weightsSha256", "answerSha256", "reportSha256"}


def verify_receipt(
    file: Annotated[str, typer.Argument(help="A signed verdict, or the whole answer that holds it; - is stdin.")],
    jwks: Annotated[str, typer.Option(metavar="URL|FILE", help="The service's /.well-known/jwks.json, or a copy.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Verify the signature of a verdict, old or new. Exit code 0: verified; 1: not verified.

    In a whole answer, every value must be the signed one, and no field may be added or occur twice.

    Example:

      alive402 verify-receipt answer.json --jwks https://example.com/.well-known/jwks.json
    """
    from alive402.receipts import VerdictUnverified, verified_answer

    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text()
        keys = _keys(jwks)
    except (OSError, ValueError) as error:
        typer.echo(f"alive402 verify-receipt: {error}", err=True)
        raise typer.Exit(CANNOT_READ) from None
    try:
        claims = verified_answer(text, keys, _services(), base=jwks if jwks.startswith(_URL) else None)
    except VerdictUnverified as error:
        if as_json:
            typer.echo(json.dumps({"verified": False, "code": error.code, "message": error.message}))
        else:
            typer.echo(f"NOT VERIFIED  {error.message}")
        raise typer.Exit(UNVERIFIED) from None
    typer.echo(json.dumps({"verified": True, "claims": claims}) if as_json else _sentences(claims))


def rotate_key() -> None:
    """Create a new signing key, used from the next start on; the old public key stays in the key set."""
    from alive402.payments.core import PaymentsMisconfigured
    from alive402.receipts import SigningKeys

    path = read_settings("rotate-key").keys_file
    try:
        keys = SigningKeys.rotate(path)
    except (OSError, PaymentsMisconfigured) as error:
        typer.echo(f"alive402 rotate-key: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{path}: {keys.kid} signs from the next start on; {len(keys.public) - 1} older public keys stay.")


def _services() -> tuple[ServiceDefinition, ...]:
    """The definitions of the services, which name an altered value; empty where only the client is installed."""
    try:
        from alive402.services import DEFINITIONS
    except ModuleNotFoundError:
        return ()
    return DEFINITIONS


def _keys(source: str) -> dict[str, Any]:
    """Load the key set from a URL or file.

    Raises:
        OSError, ValueError: it cannot be read, or is not a key set.
    """
    if not source.startswith(_URL):
        found = json.loads(Path(source).read_text())
    else:
        import httpx

        try:
            found = httpx.get(source, timeout=15, follow_redirects=True).raise_for_status().json()
        except httpx.HTTPError as error:
            raise OSError(f"{source}: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{source} is not a JSON Web Key Set.")
    return found


def _files(claims: dict[str, Any]) -> dict[str, str]:
    """The digests of the judged files, by line name; `videoSha256` gives the line `video`."""
    found: dict[str, str] = {}
    for claim, digests in claims.items():
        if not claim.endswith("Sha256") or claim in _NOT_JUDGED:
            continue
        noun = claim.removesuffix("Sha256")
        if isinstance(digests, list):
            noun = noun.removesuffix("s")
            found |= {f"{noun} {place}": f"sha256 {digest}" for place, digest in enumerate(digests, 1)}
        else:
            found[noun] = f"sha256 {digests}"
    return found


def _sentences(claims: dict[str, Any]) -> str:
    from datetime import UTC, datetime

    paid = claims.get("payment") or {}
    rows = {
        "verdict": claims["verdict"] + (f", live confidence {claims['confidence']}" if "confidence" in claims else ""),
        **({"challenge": _freshness(claims["freshness"])} if claims.get("freshness") else {}),
        **_files(claims),
        **({"engine": f"{claims['engine']}, weights sha256 {claims['weightsSha256']}"} if "engine" in claims else {}),
        "request": claims["requestId"],
        "paid by": f"{paid['transaction']} on {paid['network']}" if paid.get("transaction") else "no x402 payment",
        "cost": _cost(paid),
        "signed at": datetime.fromtimestamp(claims["iat"], UTC).isoformat(),
        "signed by": claims.get("iss", "a service that names no URL"),
    }
    return "\n".join(["VERIFIED", *(f"  {name:<10} {value}" for name, value in rows.items())])


def _freshness(claim: dict[str, Any]) -> str:
    """What the verdict says about a challenge; not that the person is live."""
    from datetime import datetime

    begun, received = (datetime.fromisoformat(claim[name]) for name in ("begunAt", "receivedAt"))
    bound = f", bind sha256 {claim['bindSha256']}" if claim.get("bindSha256") else ""
    status = claim["status"].replace("_", " ")
    seconds = (received - begun).total_seconds()
    return f"{status}; steps returned at {claim['begunAt']}, the clip came {seconds:.1f} s later{bound}"


def _cost(paid: dict[str, Any]) -> str:
    """The cost as text. Older verdicts of tokens name no payment, and have its whole amount."""
    share = f", one call of payment {paid['paymentId']}" if paid.get("paymentId") else ""
    return f"{paid['amount']} atomic units{share}" if paid.get("amount") else "nothing"
