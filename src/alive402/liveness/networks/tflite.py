"""Opens a tflite network without the runtime's message on standard error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ai_edge_litert.interpreter import Interpreter

STDERR = 2


def open_network(path: Path, threads: int) -> Interpreter:
    """The network with its tensors allocated."""
    with _hushed():
        network = Interpreter(str(path), num_threads=threads)
        network.allocate_tensors()
    return network


@contextmanager
def _hushed() -> Iterator[None]:
    """Silence file descriptor 2 while the runtime makes its first delegate; no setting turns its message off."""
    try:
        kept = os.dup(STDERR)
    except OSError:  # There is no standard error.
        yield
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, STDERR)
        yield
    finally:
        os.dup2(kept, STDERR)
        os.close(nothing)
        os.close(kept)
