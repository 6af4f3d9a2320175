"""Tests of the resizing of views in torch, equal to that of the product."""

from __future__ import annotations

import numpy as np
import pytest

from alive402.liveness.networks.appearance import network_input

pytest.importorskip("torch", reason="torch is not installed (training/requirements.txt)")


def test_views_are_resized_as_in_the_product() -> None:
    from training.views import tensor

    views = np.random.default_rng(402).integers(0, 256, (3, 128, 128, 3), np.uint8)
    assert np.abs(tensor(views).numpy() - network_input(views)).max() <= 0.51
