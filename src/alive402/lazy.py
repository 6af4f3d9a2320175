"""Lazy names for the `__init__` of a package: a module is imported when one of its names is first used (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def lazy_names(package: str, sources: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """The `__getattr__` of a package that imports its public names on first use.

    Type checkers do not see it: a package binds it in the `else` branch of `if TYPE_CHECKING`.

    Args:
        package: the full name of the package.
        sources: for each module of the package, the public names that it defines.
    """
    module_of = {name: f"{package}.{module}" for module, names in sources.items() for name in names}

    def load(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        # As `from module import name` does; the name may be a module.
        value = getattr(__import__(module_of[name], fromlist=(name,)), name)
        setattr(sys.modules[package], name, value)
        return value

    return load
