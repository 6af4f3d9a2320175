"""API keys, signed requests, and the encrypted store of their secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.payments.keys.access_key_auth import SIGNATURE_LIFETIME, AccessKeys
    from alive402.payments.keys.api_keys import ApiKey, KeyMethod, Keys, Scope
    from alive402.payments.keys.secret_box import SecretBox
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "access_key_auth": ["SIGNATURE_LIFETIME", "AccessKeys"],
            "api_keys": ["ApiKey", "KeyMethod", "Keys", "Scope"],
            "secret_box": ["SecretBox"],
        },
    )

__all__ = ["SIGNATURE_LIFETIME", "AccessKeys", "ApiKey", "KeyMethod", "Keys", "Scope", "SecretBox"]
