"""Tests of what a facilitator needs: which credentials belong together, and that no message or repr shows them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from alive402.settings import Settings

KEY = {"cdp_api_key_id": "key", "cdp_api_key_secret": "the secret"}
REAL = {"network": "base", "pay_to": "0x" + "ab" * 20, "rpc_url": "https://node.example"}
CDP = {**REAL, "facilitator_auth": "cdp"}
COINBASE = "https://api.cdp.coinbase.com/platform/v2/x402"


def test_coinbases_facilitator_needs_no_url() -> None:
    (alone,) = Settings(**CDP, **KEY).taken  # type: ignore[arg-type]
    (entry,) = Settings(accepts=[{**CDP, **KEY}]).taken  # type: ignore[arg-type]
    (other,) = Settings(**CDP, **KEY, facilitator_url="https://proxy.example/x402").taken  # type: ignore[arg-type]
    assert str(alone.facilitator_url) == str(entry.facilitator_url) == COINBASE
    assert str(other.facilitator_url) == "https://proxy.example/x402"


def test_entries_share_the_services_key_or_have_their_own() -> None:
    own = {"cdp_api_key_id": "own", "cdp_api_key_secret": "another"}
    third = {**REAL, "facilitator_url": "https://facilitator.example"}
    taken = Settings(accepts=[CDP, {**CDP, **own}, third], **KEY).taken  # type: ignore[arg-type]
    assert [each.cdp_api_key_id for each in taken] == ["key", "own", None]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (CDP, "needs ALIVE402_CDP_API_KEY_ID"),
        ({**CDP, "cdp_api_key_id": "key"}, "needs ALIVE402_CDP_API_KEY_ID and ALIVE402_CDP_API_KEY_SECRET"),
        ({"accepts": [CDP]}, "cdp_api_key_secret of its entry"),
        ({"accepts": [{**CDP, "cdp_api_key_id": "own"}], **KEY}, "cdp_api_key_secret of its entry"),
        ({**CDP, **KEY, "facilitator_token": "the secret"}, "unset ALIVE402_FACILITATOR_TOKEN"),
        ({**REAL, **KEY, "facilitator_url": COINBASE}, "Set ALIVE402_FACILITATOR_AUTH=cdp"),
        ({"accepts": [{**REAL, **KEY, "facilitator_url": COINBASE}]}, "Set ALIVE402_FACILITATOR_AUTH=cdp"),
        ({"accepts": [{**CDP, **KEY}], "facilitator_auth": "cdp"}, "unset ALIVE402_NETWORK"),
        ({**CDP, **KEY, "facilitator_auth": "oauth"}, "Input should be 'cdp'"),
        ({**CDP, **KEY, "cdp_api_key_id": ""}, "at least 1"),
        ({**CDP, **KEY, "pay_to": "the secret"}, "ALIVE402_PAY_TO is not an address"),
        ({"accepts": [{**CDP, **KEY, "pay_to": "0x1"}]}, "pay_to is not an address"),
        ({"accepts": [{**CDP, **KEY}], "wallet_factories": ["0x" + "ab" * 20]}, "unset ALIVE402_NETWORK"),
        ({"wallet_factories": ["0x1"]}, "should match pattern"),
        ({"accepts": [{**CDP, **KEY, "wallet_factories": ["factory"]}]}, "should match pattern"),
    ],
)
def test_credentials_that_do_not_fit_are_refused(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence) as refused:
        Settings(**given)
    assert "the secret" not in str(refused.value)


def test_secrets_are_in_no_repr() -> None:
    for settings in (Settings(**CDP, **KEY), Settings(accepts=[{**CDP, **KEY}])):  # type: ignore[arg-type]
        assert "the secret" not in repr(settings) + str(settings) + repr(settings.taken)
        assert "the secret" not in settings.model_dump_json()
