"""Runs the examples in the lab's docstrings."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from alive402.lab import metrics, rates


@pytest.mark.parametrize("module", [rates, metrics], ids=lambda module: module.__name__)
def test_docstring_examples_pass(module: ModuleType) -> None:
    done = doctest.testmod(module)
    assert done.attempted > 0
    assert done.failed == 0
