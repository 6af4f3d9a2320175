"""The video liveness service, judged on this machine, its cluster, or by Alibaba Cloud, as the settings say."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alive402.catalog import LIVENESS
from alive402.intake import container_of
from alive402.intake.sandbox import Progress
from alive402.liveness import model_files
from alive402.payments.core import PaymentsMisconfigured
from alive402.providers import Answer, LocalProvider, Provider
from alive402.services.local_files import FileUnreadable, is_url, path_of
from alive402.services.service import LocalAnswer, LocalTool, Service
from alive402.web import liveness_answer

if TYPE_CHECKING:
    from alive402.settings import Settings

_INPUTS: dict[str, Any] = {
    "VideoUrl": {
        "type": "string",
        "minLength": 1,
        "maxLength": 4096,
        "description": "Path of a video file on this machine, or its http(s) URL. One face, seen from the front.",
    }
}
_GUIDE = (
    "Judges a video, or images, on this machine or at a URL, and answers live, spoof or inconclusive, with reasons."
)


def _provider(machine: LocalProvider, settings: Settings) -> Provider:
    if settings.provider != "alibaba":
        return machine
    try:
        from alive402.providers import AlibabaProvider, CloudAccount
    except ImportError as error:
        raise PaymentsMisconfigured("ALIVE402_PROVIDER=alibaba needs its SDK: pip install alive402[alibaba]") from error
    assert settings.alibaba_access_key_id is not None
    assert settings.alibaba_access_key_secret is not None
    account = CloudAccount(
        settings.alibaba_access_key_id, settings.alibaba_access_key_secret.get_secret_value(), settings.alibaba_endpoint
    )
    return AlibabaProvider(
        account, machine.fetching, settings.alibaba_threshold, settings.analysis_seconds, uploads=machine.uploads
    )


def _local(machine: LocalProvider) -> LocalAnswer:
    async def answer(given: Mapping[str, Any], progress: Progress) -> Answer:
        await asyncio.to_thread(model_files.ensure)
        if is_url(given["VideoUrl"]):
            machine.check(given)
            return await machine.answer(given, progress)
        judged = await machine.judge(await asyncio.to_thread(_file, given["VideoUrl"]), progress)
        return Answer(elements=judged.elements, report=judged.liveness)

    return answer


def _file(named: str) -> Path:
    """The video that a path or a `file:` URL names."""
    try:
        path = path_of(named)
        container_of(path)
    except (OSError, ValueError, RuntimeError):
        raise FileUnreadable from None
    return path


VIDEO_LIVENESS_SERVICE = Service(
    definition=LIVENESS,
    provider=_provider,
    renderer=liveness_answer.shown,
    try_template="try.html",
    local=LocalTool(_local, _INPUTS, _GUIDE),
)
