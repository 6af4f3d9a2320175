"""Fixtures of all tests: the two real clips, an analyzer, and a video writer."""

from __future__ import annotations

import gc
import os
import ssl
from collections import Counter
from collections.abc import Generator, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import av
import certifi
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import settings

from alive402.demo import Clips, prepare_clips, prepare_samples
from alive402.liveness import Analyzer, model_files
from alive402.log import configure_log
from tests.ledgers import database_url, ledger_kind, make_database  # noqa: F401  fixtures of many folders

Image = npt.NDArray[np.uint8]

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "25"))
"""Generated examples of a test; `HYPOTHESIS_EXAMPLES=1000 make test` searches longer."""
# A busy machine is no fault of what is tested; pytest's own timeout ends what hangs.
settings.register_profile("ours", deadline=None, max_examples=EXAMPLES)
settings.load_profile("ours")


def _read_authorities_once() -> None:
    """Let all HTTP clients of a test process share their trusted authorities: each would read them for 25 ms."""
    make, bundle = ssl.create_default_context, certifi.where()
    shared = make(cafile=bundle)

    def create(purpose: ssl.Purpose = ssl.Purpose.SERVER_AUTH, **given: Any) -> ssl.SSLContext:
        if purpose is ssl.Purpose.SERVER_AUTH and given == {"cafile": bundle}:
            return shared
        return make(purpose, **given)

    ssl.create_default_context = create  # type: ignore[assignment]


_read_authorities_once()

# Files that take the longest; they run first, the longest first, so that no worker is left alone with one at the end.
LONG_FILES = (
    "clients/test_clients.py",
    "payments/x402/test_reconciler.py",
    "liveness/test_real_clips.py",
    "e2e/test_crashes.py",
    "payments/prepaid/test_tokens.py",
    "operations/test_webhooks.py",
    "batch/test_cluster.py",
    "e2e/test_docs_quickstart.py",
    "e2e/test_challenge_crashes.py",
    "payments/ledger/test_state_machine.py",
    "http/test_permit2.py",
    "challenges/test_any_order.py",
    "e2e/test_random_kills.py",
    "e2e/test_crashes_by_scheme.py",
    "e2e/test_job_crashes.py",
    "http/test_challenged_calls.py",
    "payments/ledger/test_recovery.py",
    "benchmarks/test_conditions.py",
    "training/test_simulate.py",
    "benchmarks/test_soak.py",
    "http/test_mpp_buyers.py",
    "web/test_capture.py",
    "e2e/test_docs_mcp.py",
    "liveness/test_analyzer.py",
    "web/test_capture_answered.py",
    "http/discovery/test_surfaces.py",
    "liveness/cues/test_bezel.py",
    "web/test_capture_page.py",
    "http/test_privacy.py",
    "intake/sandbox/test_pool.py",
    "payments/ledger/test_identifiers.py",
    "http/test_refusals.py",
    "web/test_pages.py",
    "cli/test_batch.py",
    "http/discovery/test_openapi.py",
    "web/test_film_page.py",
    "payments/prepaid/test_balances.py",
    "http/test_solana.py",
    "wire/test_wire.py",
    "e2e/test_demo.py",
    "storage/test_claims.py",
    "web/test_ops.py",
    "benchmarks/test_doors.py",
    "intake/test_hostile_images.py",
    "http/ops/test_health.py",
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two test workers a core: more than half of a test's time is waiting for a process, a lease or a browser."""
    return 2 * (os.cpu_count() or 1)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without a search for garbage: the half million objects that it makes live until the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, then those with the most tests. It needs xdist's --no-loadscope-reorder."""
    tests = Counter(item.path for item in items)
    places = {Path(__file__).parent / name: place for place, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: (places.get(item.path, len(places)), -tests[item.path]))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Configure the log as the service does, and make the clips and samples before the test workers start.

    The default of structlog prints every local variable of a traceback: an unexpected error took seconds to log.
    """
    configure_log()
    if not hasattr(session.config, "workerinput"):
        prepare_samples()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def clips() -> Clips:
    """The clips of the demo: a person filmed from life, and a phone replay of it; kept between runs."""
    return prepare_clips(model_files.cache_folder().parent / "demo")


@pytest.fixture(scope="session")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the answers that the engine gave in this run, shared by all workers of it (`judged_once.py`)."""
    mine = tmp_path_factory.getbasetemp()
    folder = (mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine) / "answers"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def analyzer() -> Analyzer:
    return Analyzer()


@pytest.fixture(scope="session")
def person(clips: Clips) -> list[Image]:
    """The frames of the bona fide clip, 176 x 144, BGR."""
    with av.open(str(clips.bona_fide)) as file:
        return [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in file.decode(video=0)]


@pytest.fixture(scope="session")
def short_clips(clips: Clips, tmp_path_factory: pytest.TempPathFactory) -> Clips:
    """The first two seconds of both clips, which get the same verdicts for half the work."""
    folder = tmp_path_factory.mktemp("short")
    short = Clips(folder / "person.mp4", folder / "phone.mp4")
    shortened(clips.bona_fide, short.bona_fide)
    shortened(clips.attack, short.attack)
    return short


def shortened(source: Path, path: Path) -> None:
    """Copy two seconds of a video, as they are encoded."""
    with av.open(str(source)) as film, av.open(str(path), "w") as made:
        stream = made.add_stream_from_template(film.streams.video[0])
        for packet in islice(film.demux(video=0), 60):
            packet.stream = stream
            made.mux(packet)


def write_video(path: Path, frames: Iterable[Image], rate: int = 30, codec: str = "libx264", crf: str = "20") -> Path:
    """Encode frames (all of one even size, BGR) and return the path."""
    with av.open(str(path), "w") as file:
        options = {"crf": crf, "preset": "ultrafast"} if codec == "libx264" else {}
        stream = file.add_stream(codec, rate=rate, options=options)
        stream.pix_fmt = "yuv420p"
        for index, frame in enumerate(frames):
            if index == 0:
                stream.width, stream.height = frame.shape[1], frame.shape[0]
            file.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="bgr24")))
        file.mux(stream.encode(None))
    return path
