"""The scheme's `Scheme`: the whole amount that was signed is settled."""

from __future__ import annotations

from alive402.payments.x402.schemes.base import Scheme
from alive402.payments.x402.schemes.permit2 import Permit2


class ExactPermit2(Permit2):
    """Permit2 transfers of the exact amount. It shares its name with EIP-3009's scheme; `extra` tells them apart."""


EXACT_PERMIT2: Scheme = ExactPermit2()
