"""The services that `alive402 mcp` offers on the user's own machine."""

from __future__ import annotations

from collections.abc import Iterable

from alive402.intake import FetchLimits
from alive402.intake.sandbox import SandboxLimits
from alive402.mcp import LocalService
from alive402.providers import LocalProvider
from alive402.services.service import Service


def on_this_machine(services: Iterable[Service], *, allow_private_hosts: bool = False) -> tuple[LocalService, ...]:
    """Every service that can be answered on this machine, over the same workers, in the order of `services`."""
    machine = LocalProvider(FetchLimits(allow_private=allow_private_hosts), SandboxLimits())
    return tuple(
        LocalService(each.definition, each.local.answer(machine), dict(each.local.inputs), each.local.guide)
        for each in services
        if each.local is not None
    )
