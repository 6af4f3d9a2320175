"""Compiles the dev chain's contracts: `python -m alive402.payments.devchain.compile` (needs the `dev` extra)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
# `dollar.vy` is a part of both token contracts.
CONTRACTS = (
    "token",
    "token_bytes",
    "wallet",
    "wallet_factory",
    "multicall3",
    "permit2",
    "permit2_exact_proxy",
    "permit2_upto_proxy",
)


def artifact_of(name: str) -> Path:
    """The file of a compiled contract."""
    return HERE / f"{name}.json"


def compiled() -> dict[str, dict[str, Any]]:
    """Compile every contract with the installed Vyper compiler: `{compiler, abi, bytecode_runtime}` by name.

    Raises:
        subprocess.CalledProcessError: the compiler is missing or rejects a source.
    """
    version = _vyper("--version").split("+")[0]
    lines = _vyper("-f", "abi,bytecode_runtime", *_sources(CONTRACTS)).splitlines()
    return {
        name: {"compiler": f"vyper {version}", "abi": json.loads(abi), "bytecode_runtime": runtime}
        for name, abi, runtime in zip(CONTRACTS, lines[::2], lines[1::2], strict=True)
    }


def storage(*names: str) -> list[dict[str, Any]]:
    """The places of each contract's variables in storage."""
    return [json.loads(line) for line in _vyper("-f", "layout", *_sources(names)).splitlines()]


def _sources(names: tuple[str, ...]) -> list[str]:
    return [str(HERE / f"{name}.vy") for name in names]


def _vyper(*arguments: str) -> str:
    command = [sys.executable, "-m", "vyper.cli.vyper_compile", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout.strip()


if __name__ == "__main__":
    for contract, artifact in compiled().items():
        artifact_of(contract).write_text(json.dumps(artifact, indent=1) + "\n")
        print(f"wrote {artifact_of(contract)}")
