"""Lists the files of the package that one paid HTTP call passes, in order: `python -m tests.walk [--json]`.

A real service is started in this process, a buyer pays for one call by x402, and every function of the package that
the service enters for the request that carries the payment is noted by its file. Periodic work, the test chain and
the worker process, which runs the engine, are not counted; neither is what the buyer itself imports.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

import alive402
from alive402.demo import Buyer, prepare_clips, serve_files
from alive402.http import assemble
from alive402.http.server import listen, server
from alive402.liveness import model_files
from alive402.log import configure_log
from alive402.settings import Settings

PACKAGE = Path(alive402.__file__).parent
NOT_OF_A_CALL = ("payments/devchain/", "http/devchain/", "demo/", "liveness/")

# Bodies of modules run at import, not for a call.
NOT_FUNCTIONS = ("<module>", "<lambda>")
# The server's own periodic work: uvicorn calls it ten times a second.
EVERY_TENTH = "on_tick"


class Tracer:
    """Notes the files whose functions run, while it is on."""

    def __init__(self) -> None:
        self.on = False
        self.files: dict[str, None] = {}

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> None:
        code = frame.f_code
        ours = self.on and event == "call" and code.co_filename.startswith(f"{PACKAGE}/")
        if ours and code.co_name not in NOT_FUNCTIONS and code.co_name != EVERY_TENTH and not _periodic():
            self.files.setdefault(code.co_filename.removeprefix(f"{PACKAGE}/"))


def _periodic() -> bool:
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return False
    return task is not None and task.get_name().startswith("upkeep: ")


def walked(folder: Path) -> list[str]:
    """The files that one paid call passes, relative to the package, in the order in which it enters them."""
    clips = prepare_clips(model_files.cache_folder().parent / "demo")
    settings = Settings(database_url=f"sqlite+aiosqlite:///{folder / 'ledger.db'}", allow_private_hosts=True)
    tracer, listening, ready = Tracer(), listen("127.0.0.1", 0), threading.Event()
    running: dict[str, Any] = {}

    async def serve() -> None:
        try:
            running["server"] = server(await assemble(settings))
        finally:
            ready.set()
        await running["server"].serve(sockets=[listening])

    async def buy(base: str) -> None:
        async with Buyer(f"http://127.0.0.1:{listening.getsockname()[1]}") as buyer:
            await buyer.fund()
            # The first call warms what is imported late; the second is the one that is traced.
            (await buyer.pay(f"{base}/face.mp4")).raise_for_status()
            send = buyer._wire.handle_async_request

            async def traced(request: httpx.Request) -> httpx.Response:
                tracer.on = "payment-signature" in request.headers
                return await send(request)

            buyer._wire.handle_async_request = traced  # type: ignore[method-assign]
            (await buyer.pay(f"{base}/face.mp4")).raise_for_status()
            tracer.on = False

    threading.setprofile(tracer)
    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait()
    threading.setprofile(None)
    try:
        served = folder / "served"
        served.mkdir()
        (served / "face.mp4").symlink_to(clips.bona_fide)
        with serve_files(served) as base:
            asyncio.run(buy(base))
    finally:
        running["server"].should_exit = True
        thread.join()
    return [file for file in tracer.files if not file.startswith(NOT_OF_A_CALL)]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON array instead of lines")
    options = parser.parse_args()
    configure_log()
    with tempfile.TemporaryDirectory() as folder:
        files = walked(Path(folder))
    if options.json:
        print(json.dumps(files))
        return
    for number, file in enumerate(files, 1):
        print(f"{number:3d}  {file}")


if __name__ == "__main__":
    main()
