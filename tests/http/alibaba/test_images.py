"""Tests of the image service through the vendor's SDK: flattened lists, and forms of several megabytes."""

from __future__ import annotations

import base64
from typing import Any

import cv2
import numpy as np
import pytest
from alibabacloud_facebody20191230.models import DetectLivingFaceRequest, DetectLivingFaceRequestTasks
from alibabacloud_tea_util.models import RuntimeOptions
from darabonba.exceptions import DaraException

from tests.conftest import Image
from tests.http.access_keys import V1, V3, made, sdk
from tests.http.conftest import Service

BOTH = pytest.mark.parametrize("version", [V3, V1], ids=["V3", "V1"])


def detect(service: Service, version: str | None, *pictures: bytes) -> Any:
    tasks = [DetectLivingFaceRequestTasks(image_data=base64.b64encode(each).decode()) for each in pictures]
    options = RuntimeOptions(read_timeout=120_000)
    return sdk(service, made(service), version).detect_living_face_with_options(
        DetectLivingFaceRequest(tasks=tasks), options
    )


@pytest.fixture(scope="module")
def face(person: list[Image]) -> bytes:
    return bytes(cv2.imencode(".jpg", person[60], [cv2.IMWRITE_JPEG_QUALITY, 95])[1])


@BOTH
def test_sdk_gets_verdicts_of_images(service: Service, face: bytes, version: str | None) -> None:
    answer = detect(service, version, face, face)
    assert [len(each.results) for each in answer.body.data.elements] == [1, 1]
    result = answer.body.data.elements[0].results[0]
    assert result.label in {"normal", "liveness"}
    assert result.suggestion in {"pass", "review", "block"}
    assert 0 <= result.rate <= 100
    assert result.rect.width > 0


@pytest.fixture(scope="module")
def large() -> bytes:
    """An image of more than a megabyte without a face."""
    return bytes(cv2.imencode(".png", np.random.default_rng(7).integers(0, 256, (620, 620, 3), np.uint8))[1])


@BOTH
def test_images_of_several_megabytes_are_accepted(service: Service, version: str | None, large: bytes) -> None:
    with pytest.raises(DaraException, match="no_face: "):
        detect(service, version, large)


def test_too_many_megabytes_are_refused(service: Service, large: bytes) -> None:
    with pytest.raises(DaraException) as caught:
        detect(service, V3, *[large] * 10)
    assert caught.value.code == "InvalidParameter"
