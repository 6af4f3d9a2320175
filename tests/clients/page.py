"""Renders docs/clients.md from the table of clients and the results of their runs; reads it again."""

from __future__ import annotations

from pathlib import Path

from tests.clients.table import CLIENTS, FAMILIES, Client

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"
GREEN = "green"
NEVER = "not run: not since its version was set"
HEAD = """# Clients

Programs of others that were run against this service, each as it ships and with its version pinned. The service was a
real one on loopback, with test money. After each run that pays, the tests check on the chain or in the ledger that
exactly the calls of the run were charged.

The runs make this page: `make clients` installs every client into a folder of its own outside the repository, runs it,
and writes the page from `tests/clients/clients.toml`. The scripts in `tests/clients/drivers/` are what was run.
`make test` runs the clients that are installed and skips the others.

No client was run against a real network or by a real model: scripts make the calls that a model would make. A client is
*red* if it fails for a reason outside this project.
"""
COLUMNS = "\n| client | version | what it does | result |\n|---|---|---|---|\n"


def rendered(results: dict[str, str]) -> str:
    """The page with the result of each client, by its name."""
    parts = [HEAD]
    for family, title in FAMILIES.items():
        rows = [client for client in CLIENTS if client.family == family]
        if rows:
            parts.append(f"\n## {title}\n{COLUMNS}")
            parts += [_row(client, results.get(client.name, NEVER)) + "\n" for client in rows]
    return "".join(parts)


def _row(client: Client, result: str) -> str:
    return f"| {' | '.join((f'`{client.name}`', client.version, client.does, result))} |"


def rows(text: str) -> list[tuple[str, ...]]:
    """The rows of the page's tables: name, version, what it does, result."""
    found = [line for line in text.splitlines() if line.startswith("| `")]
    return [tuple(cell.strip().strip("`") for cell in line.strip("|").split(" | ")) for line in found]


def recorded() -> dict[str, str]:
    """The results that the page has now, of clients whose version it names."""
    versions = {client.name: client.version for client in CLIENTS}
    told = rows(PAGE.read_text()) if PAGE.exists() else []
    return {name: result for name, version, _, result in told if versions.get(name) == version}
