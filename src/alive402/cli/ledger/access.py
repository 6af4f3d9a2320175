"""Opens the ledger for one command, and prints errors in one line."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import typer

from alive402.cli.terminal import read_settings

if TYPE_CHECKING:
    from alive402.payments.ledger import Ledger
    from alive402.payments.x402 import PaymentOptions
    from alive402.settings import Settings

USAGE, CONFIG = 64, 78
"""EX_USAGE and EX_CONFIG of sysexits.h."""
T = TypeVar("T")


def on_ledger(command: str, database_url: str | None, work: Callable[[Ledger, Settings], Awaitable[T]]) -> T:
    """Open the ledger for one piece of work; an error is printed in one line."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import SQLAlchemyError

    from alive402.log import configure_log
    from alive402.payments.core import PaymentError, PaymentsMisconfigured
    from alive402.payments.ledger import Ledger
    from alive402.storage import DatabaseDamaged

    async def run(settings: Settings) -> T:
        ledger = await Ledger.open(settings.database_url, lease_seconds=settings.lease_seconds)
        ledger.webhook_urls = tuple(map(str, settings.webhook_urls))
        try:
            return await work(ledger, settings)
        finally:
            await ledger.close()

    configure_log()
    settings = read_settings(f"ledger {command}", database_url=database_url)
    try:
        url = make_url(settings.database_url)
        # Reading must not create an empty ledger at a misspelt path.
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
            refuse(command, f"there is no ledger at {url.database}. Check ALIVE402_DATABASE_URL.", CONFIG)
        return asyncio.run(run(settings))
    except BrokenPipeError:
        # The reader of standard output has closed it; the command line ends as for every command.
        raise
    except PaymentError as error:
        refuse(command, error.message, CONFIG if isinstance(error, PaymentsMisconfigured) else 1)
    except DatabaseDamaged as error:
        refuse(command, str(error), CONFIG)
    except (SQLAlchemyError, OSError):
        refuse(command, "the ledger cannot be opened. Check ALIVE402_DATABASE_URL.", CONFIG)


def refuse(command: str, sentence: str, code: int) -> NoReturn:
    """Print on standard error why `command` failed, and exit with `code`."""
    typer.echo(f"alive402 ledger {command}: {sentence}", err=True)
    raise typer.Exit(code)


def real_payment_options(settings: Settings) -> PaymentOptions:
    """The payment options of the real networks in the settings.

    Raises:
        PaymentsMisconfigured: there is none.
    """
    from alive402.http import build_payment_options
    from alive402.payments.core import PaymentsMisconfigured
    from alive402.services import DEFINITIONS

    if not settings.taken:
        raise PaymentsMisconfigured(
            "The dev chain ends with its service and cannot be queried. Set ALIVE402_NETWORK to the service's value."
        )
    return build_payment_options(settings, settings.price or DEFINITIONS[0].price_atomic, seconds=0)[0]
