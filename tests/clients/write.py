"""Installs and runs the clients and writes docs/clients.md: `python -m tests.clients.write [NAME ...]`."""

from __future__ import annotations

import sys
import time

from alive402.demo import prepare_clips
from alive402.liveness import model_files
from tests.clients.install import InstallFailed, NotInstalled, install
from tests.clients.page import GREEN, PAGE, recorded, rendered
from tests.clients.run import run
from tests.clients.site import Sites, running
from tests.clients.table import CLIENTS, Client


def result_of(client: Client, sites: Sites) -> str:
    """The client's cell in the page; an unexpected failure is printed."""
    try:
        folder = install(client)
    except InstallFailed as why:
        print(why, file=sys.stderr)
        return "not run: it could not be installed"
    except NotInstalled as why:
        return f"not run: {why}"
    result = run(client, folder, sites(client))
    if result.green:
        return GREEN
    print(result.reason, file=sys.stderr)
    return f"red: {client.red}"


def main(names: list[str]) -> int:
    """Run the named clients, or all; the others keep their results. Returns 1 after an unexpected result."""
    unknown = set(names) - {client.name for client in CLIENTS}
    if unknown:
        print(f"no such client in tests/clients/clients.toml: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 64
    results, wrong = recorded(), 0
    with running(prepare_clips(model_files.cache_folder().parent / "demo")) as sites:
        for client in CLIENTS:
            if names and client.name not in names:
                continue
            started = time.monotonic()
            results[client.name] = told = result_of(client, sites)
            unexpected = not told.startswith("not run") and (told == GREEN) == bool(client.red)
            wrong += unexpected
            print(f"{client.name} {client.version}: {told} ({time.monotonic() - started:.0f} s)", flush=True)
            # After each, so that a run that is stopped keeps what it found.
            PAGE.write_text(rendered(results))
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
