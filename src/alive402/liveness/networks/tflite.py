"""Opens a tflite network without its greeting on the standard error."""

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
    """The runtime writes a line to file descriptor 2 when it first makes its delegate; no setting turns it off."""
    try:
        kept = os.dup(STDERR)
    except OSError:  # there is no standard error to keep clean
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
