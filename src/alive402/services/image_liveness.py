"""The image liveness service, judged on this machine."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from alive402.catalog import IMAGE_LIVENESS
from alive402.intake.sandbox import Progress
from alive402.liveness import model_files
from alive402.providers import MAX_IMAGES_BYTES, Answer, LocalImages, LocalProvider
from alive402.services.local_files import FileUnreadable, is_url, path_of
from alive402.services.service import LocalAnswer, LocalTool, Service
from alive402.web import liveness_answer

if TYPE_CHECKING:
    from alive402.settings import Settings

_INPUTS: dict[str, Any] = {
    "Tasks": {
        "type": "array",
        "minItems": 1,
        "maxItems": 10,
        "description": "The images, each a task.",
        "items": {
            "type": "object",
            "properties": {
                "ImageURL": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 4096,
                    "description": "Path of an image file on this machine, or its http(s) URL.",
                }
            },
            "required": ["ImageURL"],
            "additionalProperties": False,
        },
    }
}


def _images(machine: LocalProvider) -> LocalImages:
    return LocalImages(machine, dataclasses.replace(machine.fetching, max_bytes=MAX_IMAGES_BYTES))


def _provider(machine: LocalProvider, _settings: Settings) -> LocalImages:
    return _images(machine)


def _local(machine: LocalProvider) -> LocalAnswer:
    provider = _images(machine)

    async def answer(given: Mapping[str, Any], progress: Progress) -> Answer:
        await asyncio.to_thread(model_files.ensure)
        tasks = [
            task if is_url(task["ImageURL"]) else await asyncio.to_thread(_packed, task) for task in given["Tasks"]
        ]
        for place, task in enumerate(tasks):
            provider.check_task(place, task)
        return await provider.answer({"Tasks": tasks}, progress)

    return answer


def _packed(task: Mapping[str, str]) -> dict[str, str]:
    """The image that a path or a `file:` URL names, read up to one byte more than is judged at the most."""
    try:
        with path_of(task["ImageURL"]).open("rb") as file:
            return {"ImageData": base64.b64encode(file.read(MAX_IMAGES_BYTES + 1)).decode()}
    except (OSError, ValueError, RuntimeError):
        raise FileUnreadable from None


IMAGE_LIVENESS_SERVICE = Service(
    definition=IMAGE_LIVENESS,
    provider=_provider,
    renderer=liveness_answer.shown,
    try_template="try.html",
    local=LocalTool(_local, _INPUTS, "A video tells far more than an image."),
)
