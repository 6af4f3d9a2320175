"""Runs one client by its driver script against the service, and checks what it was charged."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.clients.install import environment
from tests.clients.site import Site
from tests.clients.table import DRIVERS, Client

SECONDS = 280
VERDICTS = {"live", "spoof", "inconclusive"}


@dataclass(frozen=True)
class Result:
    """Whether a client did what the table says; `reason` if it did not."""

    green: bool
    reason: str = ""


def run(client: Client, folder: Path, site: Site) -> Result:
    """Run the driver in a folder of its own, next to the client's packages.

    A driver fails by its exit status. The last line of its output is JSON; that of a client that pays has the verdict.
    """
    purse = site.purse(client.pays, client.calls)
    # Inside the client's folder, because Node looks for packages in the folders above the script.
    outside = client.ours or client.deb
    work = Path(tempfile.mkdtemp(prefix="run-", dir=None if outside else folder))
    try:
        script = work / f"driver{Path(client.driver).suffix}"
        shutil.copy(DRIVERS / client.driver, script)
        # What a client writes into its home is gone after the run.
        given = {**environment(client, folder), **purse.environment, "HOME": str(work)}
        done = subprocess.run(
            [*_interpreter(client, folder), str(script), *client.arguments],
            cwd=work,
            env=given,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Result(False, f"it did not end within {SECONDS} s")
    except OSError as error:
        return Result(False, f"it did not start: {error}")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if done.returncode:
        return Result(False, f"exit status {done.returncode}: {(done.stdout + done.stderr).strip()[-3000:]}")
    if client.pays == "nothing":
        return Result(True)
    verdict, charged = json.loads(done.stdout.splitlines()[-1])["verdict"], purse.charged()
    return Result(verdict in VERDICTS and charged == client.calls, f"verdict {verdict}, {charged} calls charged")


def _interpreter(client: Client, folder: Path) -> list[str]:
    if client.driver.endswith(".mjs"):
        return ["node"]
    return [str(folder / "bin" / "python") if client.pip else sys.executable]
