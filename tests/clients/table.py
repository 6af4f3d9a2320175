"""The table of clients, read from clients.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
DRIVERS = HERE / "drivers"
FAMILIES = {
    "x402": "Buyers by x402 and MPP",
    "mcp": "MCP clients",
    "openapi": "Programs that read the OpenAPI document",
    "alibaba": "Alibaba Cloud's SDKs",
    "receipts": "Signed verdicts, webhooks, metrics",
}
PAYS = ("wallet", "solana", "token", "key", "nothing")


@dataclass(frozen=True)
class Client:
    """One client: where it comes from, the script that runs it, and what is expected.

    Exactly one of `npm`, `pip`, `ours` and `deb` lists its packages, the client itself first: npm packages, packages
    for a virtual environment of its own, packages of this project's environment, a Debian package.
    """

    name: str
    family: str
    driver: str
    does: str
    pays: str = "nothing"
    calls: int = 1
    """How many video calls a client that pays must be charged for."""
    npm: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    ours: tuple[str, ...] = ()
    deb: str = ""
    java: bool = False
    small: bool = False
    """Whether `make test` may install it: it is small, and the only test of a promise."""
    red: str = ""
    """Why it fails, where the reason is outside our power."""
    arguments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert [bool(each) for each in (self.npm, self.pip, self.ours, self.deb)].count(True) == 1, self.name
        assert self.family in FAMILIES, self.name
        assert self.pays in PAYS, self.name

    @property
    def packages(self) -> tuple[str, ...]:
        return self.npm or self.pip or self.ours or (self.deb,)

    @property
    def version(self) -> str:
        """The pinned version of the client itself."""
        return self.packages[0].replace("==", "@").replace("=", "@").rpartition("@")[2]

    @property
    def folder(self) -> str:
        """The name of the folder of its packages; clients with the same packages share it."""
        first = self.packages[0].replace("==", "-").replace("=", "-").replace("[", "-").replace("]", "")
        return first.lstrip("@").replace("/", "-").replace("@", "-").replace("+", "-")


def read(path: Path = HERE / "clients.toml") -> list[Client]:
    """Every client, in the order of the file."""
    rows = tomllib.loads(path.read_text())["client"]
    lists = ("npm", "pip", "ours", "arguments")
    return [Client(**{name: tuple(value) if name in lists else value for name, value in row.items()}) for row in rows]


CLIENTS = read()
