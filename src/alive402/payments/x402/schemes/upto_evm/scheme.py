"""The scheme's `Scheme`: the payer signs the largest amount, and names the facilitator that may settle it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from x402.interfaces import SchemeNetworkServer
from x402.mechanisms.evm.upto import UptoEvmServerScheme
from x402.schemas import PaymentRequirements

from alive402.payments.x402.schemes.base import NOTHING, Scheme, Terms
from alive402.payments.x402.schemes.permit2 import ADDRESS, Permit2, Shapes

FACILITATOR = "facilitatorAddress"


class UptoEvm(Permit2):
    """Permit2 transfers of any amount up to the signed one, by the facilitator that is signed as well."""

    name = "upto"
    settles_less = True
    witness: ClassVar[Shapes] = {("witness", "facilitator"): ADDRESS}

    def __init__(self) -> None:
        super().__init__()
        # The package's type annotation of its own scheme is narrower than its protocol.
        self.server: SchemeNetworkServer = UptoEvmServerScheme()  # type: ignore[assignment, no-untyped-call]

    def requirements(self, terms: Terms, offered: Mapping[str, Any] = NOTHING) -> PaymentRequirements:
        """The terms, as for all of Permit2, with the facilitator's address."""
        asked = super().requirements(terms, offered)
        stated = offered.get(FACILITATOR)
        return asked.model_copy(update={"extra": {**asked.extra, FACILITATOR: stated}}) if stated else asked

    def problem(self, requirements: PaymentRequirements) -> str | None:
        """Whether the facilitator's address is missing."""
        stated = requirements.extra.get(FACILITATOR)
        if isinstance(stated, str) and self.is_address(stated):
            return None
        return (
            f"The x402 facilitator of {requirements.network} states no {FACILITATOR} for `upto` at /supported. "
            "Choose another facilitator or another scheme."
        )


UPTO_EVM: Scheme = UptoEvm()
